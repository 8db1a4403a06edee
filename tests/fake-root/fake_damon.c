/* SPDX-License-Identifier: MIT */
#include "fake_damon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define CONTEXT   "0/contexts/0/"
#define INTERVALS DAMON_DIR CONTEXT "monitoring_attrs/intervals"

static void whole_path(char path[FAKE_PATH], const char *name)
{
    fake_print(path, FAKE_PATH, "%s%s", name[0] == '/' ? "" : DAMON_DIR, name);
}

const char *fake_damon_value(struct fake *f, const char *name)
{
    char path[FAKE_PATH];
    int i;

    whole_path(path, name);
    i = damon_find(&f->damon.files, path);
    return i < 0 ? NULL : f->damon.files.at[i].value;
}

static uint64_t number(struct fake *f, const char *name)
{
    const char *value = fake_damon_value(f, name);

    return value ? strtoull(value, NULL, 10) : 0;
}

/* --- the kdamond ----------------------------------------------------------------------------------------------------
 */

/* The kernel refuses a filter by a cgroup that does not exist, or that has no memory controller. */
static int check_cgroups(struct fake *f)
{
    struct fake_damon_files *files = &f->damon.files;

    if (f->damon.going)
        fake_cgroup_remove(f, f->damon.going);
    f->damon.going = NULL;
    if (f->damon.losing)
        fake_cgroup_of(f, f->damon.losing)->no_memory = true;
    f->damon.losing = NULL;
    for (size_t i = 0; i < files->n; i++) {
        const char *path = files->at[i].value;
        const struct fake_cgroup *cgroup = fake_cgroup_of(f, strcmp(path, "/") ? path : "");

        if (!fake_ends_with(files->at[i].path, "/memcg_path") || !path[0])
            continue;
        if (!cgroup || cgroup->no_memory)
            return cgroup ? -ENOMEM : -EINVAL;
    }
    return 0;
}

static int check_configuration(struct fake *f)
{
    const char *operations = fake_damon_value(f, CONTEXT "operations");
    uint64_t targets = number(f, CONTEXT "targets/nr_targets");
    char name[128];
    int r = check_cgroups(f);

    if (r < 0)
        return r;
    if (!operations || !targets || number(f, CONTEXT "monitoring_attrs/intervals/sample_us") == 0)
        return -EINVAL;
    for (unsigned int t = 0; t < targets; t++) {
        fake_print(name, sizeof(name), CONTEXT "targets/%u/regions/nr_regions", t);
        if (strcmp(operations, "vaddr") && !number(f, name))
            return -EINVAL;
        fake_print(name, sizeof(name), CONTEXT "targets/%u/pid_target", t);
        if (strcmp(operations, "paddr") && !fake_process_of(f, (pid_t)number(f, name)))
            return -EINVAL;
    }
    return 0;
}

static bool is_module_on(const struct fake_damon_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        if (!strncmp(files->at[i].path, "/sys/module/", 12) && fake_ends_with(files->at[i].path, "/enabled") &&
            files->at[i].value[0] == 'Y')
            return true;
    return false;
}

static void update_stats(struct fake *f)
{
    uint64_t n = number(f, CONTEXT "schemes/nr_schemes");

    for (unsigned int i = 0; i < n && i < MAX_SCHEMES; i++) {
        const struct damon_counters *c = &f->damon.counters[i];
        char dir[FAKE_PATH];

        fake_print(dir, sizeof(dir), DAMON_DIR CONTEXT "schemes/%u/stats", i);
        damon_put_u64(&f->damon.files, dir, "nr_tried", c->nr_tried);
        damon_put_u64(&f->damon.files, dir, "sz_tried", c->sz_tried);
        damon_put_u64(&f->damon.files, dir, "nr_applied", c->nr_applied);
        damon_put_u64(&f->damon.files, dir, "sz_applied", c->sz_applied);
        damon_put_u64(&f->damon.files, dir, "qt_exceeds", c->qt_exceeds);
    }
}

/* Shows the regions that a scheme tried, the first with number @n. 6.12 goes on with the next number at the next
 * scheme, which is returned. */
static unsigned int show_regions(struct fake_damon *d, unsigned int scheme, unsigned int n)
{
    char parent[FAKE_PATH];

    fake_print(parent, sizeof(parent), DAMON_DIR CONTEXT "schemes/%u/tried_regions", scheme);
    damon_remove_numbered(&d->files, parent);
    for (size_t i = 0; i < d->nr_regions; i++) {
        char dir[FAKE_PATH + 12];

        if (d->by_target && d->regions[i].target != scheme)
            continue;
        fake_print(dir, sizeof(dir), "%s/%u", parent, n++);
        damon_put_u64(&d->files, dir, "start", d->regions[i].start);
        damon_put_u64(&d->files, dir, "end", d->regions[i].end);
        damon_put_u64(&d->files, dir, "nr_accesses", d->regions[i].nr_accesses);
        damon_put_u64(&d->files, dir, "age", d->regions[i].age);
        n += d->tried && !d->later && i % 2 == 0;
    }
    return d->later ? 0 : n;
}

static void update_regions(struct fake *f)
{
    uint64_t schemes = f->damon.by_target ? number(f, CONTEXT "schemes/nr_schemes") : 1;
    unsigned int n = 0;

    for (unsigned int i = 0; i < schemes; i++)
        n = show_regions(&f->damon, i, n);
}

void fake_damon_pass_time(struct fake *f)
{
    struct fake_damon *d = &f->damon;
    uint64_t every_ns;

    if (!d->later || !d->running)
        return;
    every_ns = number(f, "0/refresh_ms") * 1000000;
    if (!every_ns || f->now_ns - d->refreshed_ns < every_ns)
        return;
    d->refreshed_ns = f->now_ns;
    update_stats(f);
}

static void switch_kdamond(struct fake *f, bool on)
{
    struct fake_damon *d = &f->damon;
    char pid[16];

    d->running = on;
    d->kdamond += on;
    fake_print(pid, sizeof(pid), "%d", on ? d->kdamond : -1);
    damon_put(&d->files, DAMON_DIR "0/state", on ? "on" : "off");
    damon_put(&d->files, DAMON_DIR "0/pid", pid);
    d->refreshed_ns = f->now_ns;
    memset(d->counters, 0, sizeof(d->counters));
}

static int turn_on(struct fake *f)
{
    int r = f->damon.running || is_module_on(&f->damon.files) ? -EBUSY : check_configuration(f);

    if (r == 0) {
        switch_kdamond(f, true);
        f->damon.nr_on++;
    }
    return r;
}

/* A later kernel locks its files while the kdamond has not answered a command. */
static bool is_locked(const struct fake *f)
{
    const struct fake_damon *d = &f->damon;

    return d->later && d->running && d->pending && f->now_ns < d->pending_ns;
}

/* What is written to `state`. */
static int command(struct fake *f, const char *text)
{
    struct fake_damon *d = &f->damon;

    if (is_locked(f))
        return -EBUSY;
    if (!strcmp(text, "on"))
        return turn_on(f);
    if (!d->running)
        return -EINVAL;
    if (!strcmp(text, "off")) {
        switch_kdamond(f, false);
        d->nr_off++;
    } else if (!strcmp(text, "commit")) {
        if (d->refuse_commit)
            return d->refuse_commit;
        d->nr_commit++;
        return check_configuration(f);
    } else if (!strcmp(text, "update_schemes_stats")) {
        update_stats(f);
    } else if (!strcmp(text, "update_schemes_tried_regions")) {
        update_regions(f);
    } else if (!strcmp(text, "update_tuned_intervals") && d->later) {
        if (d->sample_us)
            damon_put_u64(&d->files, INTERVALS, "sample_us", d->sample_us);
        if (d->aggr_us)
            damon_put_u64(&d->files, INTERVALS, "aggr_us", d->aggr_us);
    } else if (strcmp(text, "update_schemes_effective_quotas") && strcmp(text, "commit_schemes_quota_goals")) {
        return -EINVAL;
    }
    return 0;
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

/* A number of directories. */
static int write_number(struct fake *f, const char *path, const char *text)
{
    struct fake_damon *d = &f->damon;
    const char *slash = strrchr(path, '/');
    char dir[FAKE_PATH], kind[64];

    if (!strcmp(slash, "/nr_kdamonds")) {
        if (is_locked(f))
            return -EBUSY;
        if (d->pending)
            ck_abort_msg("the kernel would never return from this: %s is not answered", d->pending);
        if (d->running)
            return -EBUSY;
    }
    fake_print(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
    fake_print(kind, sizeof(kind), "%s", slash + 1);
    damon_put(&d->files, path, text);
    damon_remove_numbered(&d->files, dir);
    for (unsigned int i = 0; i < strtoul(text, NULL, 10); i++) {
        char sub[FAKE_PATH + 12];

        fake_print(sub, sizeof(sub), "%s/%u", dir, i);
        damon_make(&d->files, kind, sub, d->later);
    }
    return 0;
}

static int write_file(struct fake *f, const char *path, const char *text)
{
    if (fake_ends_with(path, "/state"))
        return command(f, text);
    if (fake_ends_with(path, "/type") && !f->damon.later &&
        (!strcmp(text, "active") || !strcmp(text, "unmapped") || !strcmp(text, "hugepage_size")))
        return -EINVAL;
    if (!strncmp(strrchr(path, '/'), "/nr_", 4) && !strstr(path, "monitoring_attrs"))
        return write_number(f, path, text);
    damon_put(&f->damon.files, path, text);
    return 0;
}

int fake_damon_echo(struct fake *f, const char *value, const char *name)
{
    char path[FAKE_PATH];

    whole_path(path, name);
    return damon_find(&f->damon.files, path) < 0 ? -ENOENT : write_file(f, path, value);
}

static const char *path_of(const struct fake *f, const struct fake_fd *file)
{
    return file->kind == FILE_RECORD ? RECORD : f->damon.files.at[file->entry].path;
}

/* The error that the test wants for this write, or 0. */
static int count_write(struct fake *f, const struct fake_fd *file)
{
    struct fake_damon *d = &f->damon;

    if (++d->nr_writes == d->kill_write)
        d->killed = fake_damon_leave(f);
    if (d->nr_writes != d->fail_write)
        return 0;
    fake_print(d->faulty, sizeof(d->faulty), "%s", path_of(f, file));
    return d->write_error;
}

int fake_damon_write(struct fake *f, struct fake_fd *file, const char *text)
{
    char path[FAKE_PATH];
    int r = count_write(f, file);

    if (r)
        return r;
    if (file->kind == FILE_RECORD) {
        fake_print(f->record.text, sizeof(f->record.text), "%s", text);
        return 0;
    }
    fake_print(path, sizeof(path), "%s", path_of(f, file)); /* the files move */
    if (fake_ends_with(path, "/state") && strcmp(text, "on") != 0 && strcmp(text, "off") != 0) {
        if (f->damon.pending)
            return -EBUSY;
        f->now_ns += f->damon.answer_ns;
    }
    return write_file(f, path, text);
}

int fake_writer_new(void *data, void **ret_writer)
{
    struct fake *f = data;

    if (f->no_writer)
        return -EPERM;
    if (f->damon.has_writer)
        ck_abort_msg("a second writer");
    f->damon.has_writer = true;
    *ret_writer = &f->damon.pending;
    return 0;
}

int fake_writer_start(void *data, void *writer, int fd, const void *buf, size_t len)
{
    struct fake *f = data;
    struct fake_damon *d = &f->damon;

    ck_assert_ptr_eq(writer, &d->pending);
    ck_assert_ptr_null(d->pending);
    ck_assert_uint_eq(len, strlen(buf));
    if (!fake_ends_with(path_of(f, fake_fd_at(f, fd)), "/state"))
        ck_abort_msg("%s is not waited for", path_of(f, fake_fd_at(f, fd)));
    d->pending = buf;
    d->pending_ns = f->now_ns + d->answer_ns;
    d->pending_error = count_write(f, fake_fd_at(f, fd));
    return 0;
}

int fake_writer_result(void *data, void *writer, ssize_t *ret_n)
{
    struct fake *f = data;
    struct fake_damon *d = &f->damon;
    const char *text = d->pending;
    int r;

    (void)writer;
    if (!text)
        ck_abort_msg("no command was written");
    if (f->now_ns < d->pending_ns && d->running)
        return -EAGAIN;
    d->pending = NULL;
    r = d->pending_error ? d->pending_error : write_file(f, DAMON_DIR "0/state", text);
    *ret_n = r < 0 ? r : (ssize_t)strlen(text);
    return 0;
}

void fake_writer_free(void *data, void *writer)
{
    struct fake *f = data;

    (void)writer;
    ck_assert_ptr_null(f->damon.pending);
    f->damon.has_writer = false;
}

/* --- opening and reading --------------------------------------------------------------------------------------------
 */

int fake_damon_open(struct fake *f, const char *path)
{
    int i = damon_find(&f->damon.files, path), fd;
    char dir[FAKE_PATH];

    fake_print(dir, sizeof(dir), "%s", path);
    if (fake_ends_with(dir, "/"))
        dir[strlen(dir) - 1] = '\0';
    if (i < 0 && !damon_is_dir(&f->damon.files, dir))
        return -ENOENT;
    fd = fake_new_fd(f, i < 0 ? FILE_DAMON_DIR : FILE_DAMON, NULL);
    if (fd >= 0 && i >= 0)
        fake_fd_at(f, fd)->entry = (size_t)i;
    else if (fd >= 0)
        strcpy(fake_fd_at(f, fd)->text, dir);
    return fd;
}

const char *fake_damon_entry(const struct fake *f, const char *dir, size_t i, char buf[64])
{
    const struct fake_damon_files *files = &f->damon.files;
    size_t n = strlen(dir);
    const char *path, *end;

    if (i >= files->n)
        return NULL;
    path = files->at[i].path;
    end = !strncmp(path, dir, n) && path[n] == '/' ? strchr(path + n + 1, '/') : NULL;
    if (!end)
        return "";
    for (size_t k = 0; k < i; k++) /* a directory has several files, and is listed once */
        if (!strncmp(files->at[k].path, path, (size_t)(end - path) + 1))
            return "";
    fake_print(buf, 64, "%.*s", (int)(end - path - (ssize_t)n - 1), path + n + 1);
    return buf;
}

int fake_damon_read(struct fake *f, struct fake_fd *file, uint64_t offset, char *text, size_t size)
{
    struct fake_damon *d = &f->damon;

    if (file->kind == FILE_RECORD)
        fake_print(text, size, "%s", f->record.text);
    else
        fake_print(text, size, "%s\n", d->files.at[file->entry].value);
    if (offset || ++d->nr_reads != d->fail_read)
        return 0;
    fake_print(d->faulty, sizeof(d->faulty), "%s", path_of(f, file));
    if (d->read_error == READ_GARBAGE)
        fake_print(text, size, "\x01?");
    else if (d->read_error == READ_NOTHING)
        text[0] = '\0';
    else if (d->read_error == READ_HALF)
        text[strlen(text) / 2] = '\0';
    return d->read_error < 0 ? d->read_error : 0;
}

/* --- the world ------------------------------------------------------------------------------------------------------
 */

void fake_damon_add(struct fake *f, bool later)
{
    f->damon.later = later;
    f->damon.kdamond = 700;
    f->damon.answer_ns = 100000000;
    damon_put(&f->damon.files, DAMON_DIR "nr_kdamonds", "0");
}

void fake_damon_add_module(struct fake *f, const char *name, bool on)
{
    char path[FAKE_PATH];

    fake_print(path, sizeof(path), "/sys/module/%s/parameters/enabled", name);
    damon_put(&f->damon.files, path, on ? "Y" : "N");
}

struct fake_left *fake_damon_leave(struct fake *f)
{
    struct fake_left *left = malloc(sizeof(*left));

    ck_assert_ptr_nonnull(left);
    left->damon = f->damon;
    left->record = f->record;
    return left;
}

void fake_damon_find(struct fake *f, struct fake_left *left)
{
    char *pid;

    f->damon = left->damon;
    f->record = left->record;
    free(left);
    f->damon.has_writer = false;
    f->damon.pending = NULL;
    f->damon.kill_write = 0;
    f->damon.killed = NULL;
    f->record.locked_by = 0;
    pid = strstr(f->record.text, "pid ");
    if (pid)
        pid[4] = '9'; /* another program than the one that runs now */
}
