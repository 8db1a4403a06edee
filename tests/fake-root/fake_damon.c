/* SPDX-License-Identifier: MIT */
#include "fake_damon.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_damon_internal.h"
#include "fake_damon_layout.h"

struct damon_fs *fs;

/* --- files ---------------------------------------------------------------------------------------------------------
 */

bool fs_ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && !strcmp(text + n - m, end);
}

int fs_find(const char *path)
{
    if (fs->missing && fs_ends_with(path, fs->missing))
        return -1;
    for (size_t i = 0; i < fs->nr_files; i++)
        if (!strcmp(fs->files[i].path, path))
            return (int)i;
    return -1;
}

bool fs_is_dir(const char *path)
{
    size_t n = strlen(path);

    for (size_t i = 0; i < fs->nr_files; i++)
        if (!strncmp(fs->files[i].path, path, n) && fs->files[i].path[n] == '/')
            return true;
    return false;
}

void fs_put(const char *path, const char *value)
{
    int i = fs_find(path);

    if (i < 0) {
        if (fs->nr_files == MAX_FILES)
            ck_abort_msg("too many files");
        i = (int)fs->nr_files++;
        strncpy(fs->files[i].path, path, PATH_LEN - 1);
    }
    strncpy(fs->files[i].value, value, sizeof(fs->files[i].value) - 1);
}

void fs_print(char *text, size_t size, const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(text, size, format, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= size)
        ck_abort_msg("too long: %s", text);
}

static void put_in(const char *dir, const char *name, const char *value)
{
    char path[PATH_LEN];

    fs_print(path, sizeof(path), "%s/%s", dir, name);
    fs_put(path, value);
}

static void put_u64(const char *dir, const char *name, uint64_t value)
{
    char text[32];

    fs_print(text, sizeof(text), "%llu", (unsigned long long)value);
    put_in(dir, name, text);
}

static void remove_children(const char *dir)
{
    size_t n = strlen(dir), kept = 0;

    for (size_t i = 0; i < fs->nr_files; i++) {
        const char *path = fs->files[i].path;

        if (!strncmp(path, dir, n) && path[n] == '/' && path[n + 1] >= '0' && path[n + 1] <= '9')
            continue;
        if (kept != i)
            fs->files[kept] = fs->files[i];
        kept++;
    }
    fs->nr_files = kept;
}

static void fill(const char *dir, const char *const (*files)[2])
{
    for (; (*files)[0]; files++)
        put_in(dir, (*files)[0], (*files)[1]);
}

static void make_child(const char *what, const char *dir)
{
    if (!strcmp(what, "nr_kdamonds"))
        fill(dir, kdamond);
    if (!strcmp(what, "nr_kdamonds") && fs->later)
        put_in(dir, "refresh_ms", "0");
    if (!strcmp(what, "nr_contexts"))
        fill(dir, context);
    if (!strcmp(what, "nr_contexts") && fs->later)
        fill(dir, later_context);
    if (!strcmp(what, "nr_schemes"))
        fill(dir, scheme);
    if (!strcmp(what, "nr_schemes") && fs->later)
        fill(dir, later_scheme);
    if (!strcmp(what, "nr_targets"))
        fill(dir, target);
    if (!strcmp(what, "nr_regions"))
        fill(dir, region);
    if (!strcmp(what, "nr_goals"))
        fill(dir, goal);
    if (!strcmp(what, "nr_filters"))
        fill(dir, filter);
    if (!strcmp(what, "nr_filters") && fs->later)
        fill(dir, later_filter);
}

/* --- the kernel ------------------------------------------------------------------------------------------------------
 */

bool fs_is_alive(pid_t pid)
{
    for (size_t i = 0; i < sizeof(fs->alive) / sizeof(fs->alive[0]); i++)
        if (pid && fs->alive[i] == pid)
            return true;
    return false;
}

const char *damon_value(const char *name)
{
    char path[PATH_LEN];
    int i;

    fs_print(path, sizeof(path), "%s%s", name[0] == '/' ? "" : DAMON_DIR, name);
    i = fs_find(path);
    return i < 0 ? NULL : fs->files[i].value;
}

static uint64_t number(const char *name)
{
    const char *value = damon_value(name);

    return value ? strtoull(value, NULL, 10) : 0;
}

/* The cgroups of the filters are there. */
static int check_cgroups(void)
{
    char dir[PATH_LEN];

    if (fs->going) {
        damon_remove_cgroup(fs->going);
        fs->going = NULL;
    }
    for (size_t i = 0; i < fs->nr_files; i++) {
        if (!fs_ends_with(fs->files[i].path, "/memcg_path") || !fs->files[i].value[0])
            continue;
        fs_print(dir, sizeof(dir), "/sys/fs/cgroup%s", fs->files[i].value[1] ? fs->files[i].value : "");
        if (!fs_is_dir(dir))
            return -EINVAL;
    }
    return 0;
}

static int check_configuration(void)
{
    const char *operations = damon_value("0/contexts/0/operations");
    uint64_t targets = number("0/contexts/0/targets/nr_targets");
    char name[128];

    if (check_cgroups() < 0)
        return -EINVAL;
    if (!operations || !targets || number("0/contexts/0/monitoring_attrs/intervals/sample_us") == 0)
        return -EINVAL;
    for (uint64_t t = 0; t < targets; t++) {
        fs_print(name, sizeof(name), "0/contexts/0/targets/%u/regions/nr_regions", (unsigned int)t);
        if (strcmp(operations, "vaddr") && !number(name))
            return -EINVAL;
        fs_print(name, sizeof(name), "0/contexts/0/targets/%u/pid_target", (unsigned int)t);
        if (strcmp(operations, "paddr") && !fs_is_alive((pid_t)number(name)))
            return -EINVAL;
    }
    return 0;
}

static bool module_on(void)
{
    for (size_t i = 0; i < fs->nr_files; i++)
        if (!strncmp(fs->files[i].path, "/sys/module/", 12) && fs_ends_with(fs->files[i].path, "/enabled") &&
            fs->files[i].value[0] == 'Y')
            return true;
    return false;
}

static void update_stats(void)
{
    uint64_t n = number("0/contexts/0/schemes/nr_schemes");

    for (uint64_t i = 0; i < n && i < 8; i++) {
        char dir[PATH_LEN];

        fs_print(dir, sizeof(dir), DAMON_DIR "0/contexts/0/schemes/%u/stats", (unsigned int)i);
        put_u64(dir, "nr_tried", fs->counters[i].nr_tried);
        put_u64(dir, "sz_tried", fs->counters[i].sz_tried);
        put_u64(dir, "nr_applied", fs->counters[i].nr_applied);
        put_u64(dir, "sz_applied", fs->counters[i].sz_applied);
        put_u64(dir, "qt_exceeds", fs->counters[i].qt_exceeds);
    }
}

void fs_pass_time(void)
{
    uint64_t every_ns = number("0/refresh_ms") * 1000000;

    if (!fs->later || !fs->running || !every_ns || fs->now_ns - fs->refreshed_ns < every_ns)
        return;
    fs->refreshed_ns = fs->now_ns;
    update_stats();
}

/* 6.12 numbers them through all schemes; what the next one begins with is returned. */
static unsigned int show_regions(unsigned int scheme_number, unsigned int n)
{
    char parent[PATH_LEN];

    fs_print(parent, sizeof(parent), DAMON_DIR "0/contexts/0/schemes/%u/tried_regions", scheme_number);
    remove_children(parent);
    for (size_t i = 0; i < fs->nr_regions; i++) {
        char dir[PATH_LEN + 8];

        if (fs->by_target && fs->regions[i].target != scheme_number)
            continue;
        fs_print(dir, sizeof(dir), "%s/%u", parent, n++);
        put_u64(dir, "start", fs->regions[i].start);
        put_u64(dir, "end", fs->regions[i].end);
        put_u64(dir, "nr_accesses", fs->regions[i].nr_accesses);
        put_u64(dir, "age", fs->regions[i].age);
        n += fs->tried && !fs->later && i % 2 == 0;
    }
    return fs->later ? 0 : n;
}

static void update_regions(void)
{
    unsigned int n = show_regions(0, 0);

    for (unsigned int i = 1; fs->by_target && i < number("0/contexts/0/schemes/nr_schemes"); i++)
        n = show_regions(i, n);
}

static void switch_kdamond(bool on)
{
    char pid[16];

    fs->running = on;
    fs->kdamond += on;
    fs_print(pid, sizeof(pid), "%d", on ? fs->kdamond : -1);
    fs_put(DAMON_DIR "0/state", on ? "on" : "off");
    fs_put(DAMON_DIR "0/pid", pid);
    fs->refreshed_ns = fs->now_ns;
    memset(fs->counters, 0, sizeof(fs->counters));
}

/* A newer kernel's files are locked while a command is on its way to the thread. */
static bool locked(void)
{
    return fs->later && fs->running && fs->pending && fs->now_ns < fs->pending_ns;
}

static int command(const char *text)
{
    int r;

    if (locked())
        return -EBUSY;
    if (!strcmp(text, "on")) {
        r = fs->running || module_on() ? -EBUSY : check_configuration();
        if (r == 0) {
            switch_kdamond(true);
            fs->nr_on++;
        }
        return r;
    }
    if (!fs->running)
        return -EINVAL;
    if (!strcmp(text, "off")) {
        switch_kdamond(false);
        fs->nr_off++;
    } else if (!strcmp(text, "commit")) {
        if (fs->refuse_commit)
            return fs->refuse_commit;
        fs->nr_commit++;
        return check_configuration();
    } else if (!strcmp(text, "update_schemes_stats")) {
        update_stats();
    } else if (!strcmp(text, "update_schemes_tried_regions")) {
        update_regions();
    } else if (!strcmp(text, "update_tuned_intervals") && fs->later) {
        if (fs->sample_us)
            put_u64(DAMON_DIR "0/contexts/0/monitoring_attrs/intervals", "sample_us", fs->sample_us);
        if (fs->aggr_us)
            put_u64(DAMON_DIR "0/contexts/0/monitoring_attrs/intervals", "aggr_us", fs->aggr_us);
    } else if (strcmp(text, "update_schemes_effective_quotas") && strcmp(text, "commit_schemes_quota_goals")) {
        return -EINVAL;
    }
    return 0;
}

int fs_write(const char *path, const char *text)
{
    const char *name = strrchr(path, '/') + 1;
    char dir[PATH_LEN], child[64];

    if (fs_ends_with(path, "/state"))
        return command(text);
    if (!strcmp(name, "type") && !fs->later &&
        (!strcmp(text, "active") || !strcmp(text, "unmapped") || !strcmp(text, "hugepage_size")))
        return -EINVAL;
    if (!strncmp(name, "nr_", 3) && !strstr(path, "monitoring_attrs")) {
        if (!strcmp(name, "nr_kdamonds") && locked())
            return -EBUSY;
        if (!strcmp(name, "nr_kdamonds") && fs->pending)
            ck_abort_msg("the kernel would never come back from this: %s is on its way", fs->pending);
        if (!strcmp(name, "nr_kdamonds") && fs->running)
            return -EBUSY;
        fs_print(dir, sizeof(dir), "%.*s", (int)(name - 1 - path), path);
        fs_print(child, sizeof(child), "%s", name);
        fs_put(path, text);
        remove_children(dir);
        for (unsigned int i = 0; i < strtoul(text, NULL, 10); i++) {
            char sub[PATH_LEN];

            fs_print(sub, sizeof(sub), "%s/%u", dir, i);
            make_child(child, sub);
        }
        return 0;
    }
    fs_put(path, text);
    return 0;
}

int damon_echo(const char *value, const char *name)
{
    char path[PATH_LEN];

    fs_print(path, sizeof(path), "%s%s", name[0] == '/' ? "" : DAMON_DIR, name);
    return fs_find(path) < 0 ? -ENOENT : fs_write(path, value);
}

void damon_add_module(const char *name, bool on)
{
    char path[128];

    fs_print(path, sizeof(path), "/sys/module/%s/parameters/enabled", name);
    fs_put(path, on ? "Y" : "N");
}

void damon_add_cgroup(const char *path, uint64_t inode)
{
    char dir[PATH_LEN];

    fs_print(dir, sizeof(dir), "/sys/fs/cgroup%s", path[1] ? path : "");
    put_u64(dir, "inode", inode);
    put_in("/sys/fs/cgroup", "cgroup.controllers", "memory");
}

void damon_remove_cgroup(const char *path)
{
    char dir[PATH_LEN];
    size_t kept = 0, n;

    fs_print(dir, sizeof(dir), "/sys/fs/cgroup%s/", path);
    n = strlen(dir);
    for (size_t i = 0; i < fs->nr_files; i++)
        if (strncmp(fs->files[i].path, dir, n) != 0)
            fs->files[kept++] = fs->files[i];
    fs->nr_files = kept;
}

char *damon_dump(void)
{
    char *text = calloc(fs->nr_files + 1, sizeof(struct damon_file));
    size_t len = 0;

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < fs->nr_files; i++)
        if (!strncmp(fs->files[i].path, DAMON_DIR, strlen(DAMON_DIR)))
            len += (size_t)sprintf(text + len, "%s=%s\n", fs->files[i].path, fs->files[i].value);
    return text;
}

void damon_fs_new(bool later)
{
    fs = calloc(1, sizeof(*fs));
    ck_assert_ptr_nonnull(fs);
    fs->later = later;
    fs->kdamond = 700;
    fs->now_ns = 5000000000;
    fs->free_kib = 300000;
    fs->answer_ns = 100000000;
    fs_put(DAMON_DIR "nr_kdamonds", "0");
    fs_put("/proc/iomem",
           "00001000-0009fbff : System RAM\n00100000-3fffffff : System RAM\n  01000000-01ffffff : Kernel code\n"
           "fec00000-fec003ff : IOAPIC 0\n100000000-13fffffff : System RAM");
    fs_put("/proc/sys/kernel/random/boot_id", "4c5e8a0e-0000-4000-8000-000000000001");
    fs_put("/proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=100");
}

void damon_fs_free(void)
{
    ck_assert_uint_eq(fs->nr_open, 0);
    ck_assert_uint_eq(fs->memory.nr_blocks, 0);
    ck_assert(!fs->has_writer);
    free(fs);
    fs = NULL;
}
