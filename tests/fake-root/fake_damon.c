/* SPDX-License-Identifier: MIT */
#include "fake_damon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_damon_layout.h"

#define FIRST_FD 3000

struct damon_fs *fs;

/* --- files ---------------------------------------------------------------------------------------------------------
 */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && !strcmp(text + n - m, end);
}

static int find(const char *path)
{
    if (fs->missing && ends_with(path, fs->missing))
        return -1;
    for (size_t i = 0; i < fs->nr_files; i++)
        if (!strcmp(fs->files[i].path, path))
            return (int)i;
    return -1;
}

static bool is_dir(const char *path)
{
    size_t n = strlen(path);

    for (size_t i = 0; i < fs->nr_files; i++)
        if (!strncmp(fs->files[i].path, path, n) && fs->files[i].path[n] == '/')
            return true;
    return false;
}

static void put(const char *path, const char *value)
{
    int i = find(path);

    if (i < 0) {
        if (fs->nr_files == MAX_FILES)
            ck_abort_msg("too many files");
        i = (int)fs->nr_files++;
        strncpy(fs->files[i].path, path, PATH_LEN - 1);
    }
    strncpy(fs->files[i].value, value, sizeof(fs->files[i].value) - 1);
}

__attribute__((format(printf, 3, 4))) static void print(char *text, size_t size, const char *format, ...)
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

    print(path, sizeof(path), "%s/%s", dir, name);
    put(path, value);
}

static void put_u64(const char *dir, const char *name, uint64_t value)
{
    char text[32];

    print(text, sizeof(text), "%llu", (unsigned long long)value);
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

static bool is_alive(pid_t pid)
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

    print(path, sizeof(path), "%s%s", name[0] == '/' ? "" : DAMON_DIR, name);
    i = find(path);
    return i < 0 ? NULL : fs->files[i].value;
}

static uint64_t number(const char *name)
{
    const char *value = damon_value(name);

    return value ? strtoull(value, NULL, 10) : 0;
}

static int check_configuration(void)
{
    const char *operations = damon_value("0/contexts/0/operations");
    uint64_t targets = number("0/contexts/0/targets/nr_targets");
    char name[128];

    if (!operations || !targets || number("0/contexts/0/monitoring_attrs/intervals/sample_us") == 0)
        return -EINVAL;
    for (uint64_t t = 0; t < targets; t++) {
        print(name, sizeof(name), "0/contexts/0/targets/%u/regions/nr_regions", (unsigned int)t);
        if (strcmp(operations, "vaddr") && !number(name))
            return -EINVAL;
        print(name, sizeof(name), "0/contexts/0/targets/%u/pid_target", (unsigned int)t);
        if (strcmp(operations, "paddr") && !is_alive((pid_t)number(name)))
            return -EINVAL;
    }
    return 0;
}

static bool module_on(void)
{
    for (size_t i = 0; i < fs->nr_files; i++)
        if (!strncmp(fs->files[i].path, "/sys/module/", 12) && ends_with(fs->files[i].path, "/enabled") &&
            fs->files[i].value[0] == 'Y')
            return true;
    return false;
}

static void update_stats(void)
{
    uint64_t n = number("0/contexts/0/schemes/nr_schemes");

    for (uint64_t i = 0; i < n && i < 8; i++) {
        char dir[PATH_LEN];

        print(dir, sizeof(dir), DAMON_DIR "0/contexts/0/schemes/%u/stats", (unsigned int)i);
        put_u64(dir, "nr_tried", fs->counters[i].nr_tried);
        put_u64(dir, "sz_tried", fs->counters[i].sz_tried);
        put_u64(dir, "nr_applied", fs->counters[i].nr_applied);
        put_u64(dir, "sz_applied", fs->counters[i].sz_applied);
        put_u64(dir, "qt_exceeds", fs->counters[i].qt_exceeds);
    }
}

static void update_regions(void)
{
    remove_children(DAMON_DIR "0/contexts/0/schemes/0/tried_regions");
    for (size_t i = 0; i < fs->nr_regions; i++) {
        char dir[PATH_LEN];

        print(dir, sizeof(dir), DAMON_DIR "0/contexts/0/schemes/0/tried_regions/%u", (unsigned int)i);
        put_u64(dir, "start", fs->regions[i].start);
        put_u64(dir, "end", fs->regions[i].end);
        put_u64(dir, "nr_accesses", fs->regions[i].nr_accesses);
        put_u64(dir, "age", fs->regions[i].age);
    }
}

static void switch_kdamond(bool on)
{
    char pid[16];

    fs->running = on;
    fs->kdamond += on;
    print(pid, sizeof(pid), "%d", on ? fs->kdamond : -1);
    put(DAMON_DIR "0/state", on ? "on" : "off");
    put(DAMON_DIR "0/pid", pid);
    memset(fs->counters, 0, sizeof(fs->counters));
}

static int command(const char *text)
{
    int r;

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

static int write_file(const char *path, const char *text)
{
    const char *name = strrchr(path, '/') + 1;
    char dir[PATH_LEN], child[64];

    if (ends_with(path, "/state"))
        return command(text);
    if (!strcmp(name, "type") && !fs->later &&
        (!strcmp(text, "active") || !strcmp(text, "unmapped") || !strcmp(text, "hugepage_size")))
        return -EINVAL;
    if (!strncmp(name, "nr_", 3) && !strstr(path, "monitoring_attrs")) {
        if (!strcmp(name, "nr_kdamonds") && fs->pending)
            ck_abort_msg("the kernel would never come back from this: %s is on its way", fs->pending);
        if (!strcmp(name, "nr_kdamonds") && fs->running)
            return -EBUSY;
        print(dir, sizeof(dir), "%.*s", (int)(name - 1 - path), path);
        print(child, sizeof(child), "%s", name);
        put(path, text);
        remove_children(dir);
        for (unsigned int i = 0; i < strtoul(text, NULL, 10); i++) {
            char sub[PATH_LEN];

            print(sub, sizeof(sub), "%s/%u", dir, i);
            make_child(child, sub);
        }
        return 0;
    }
    put(path, text);
    return 0;
}

int damon_echo(const char *value, const char *name)
{
    char path[PATH_LEN];

    print(path, sizeof(path), "%s%s", name[0] == '/' ? "" : DAMON_DIR, name);
    return find(path) < 0 ? -ENOENT : write_file(path, value);
}

void damon_add_module(const char *name, bool on)
{
    char path[128];

    print(path, sizeof(path), "/sys/module/%s/parameters/enabled", name);
    put(path, on ? "Y" : "N");
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

/* --- system calls
 * ----------------------------------------------------------------------------------------------------- */

static int new_fd(struct damon_fd init)
{
    for (int i = 0; i < MAX_OPEN; i++) {
        if (fs->fds[i].open)
            continue;
        init.open = true;
        fs->fds[i] = init;
        fs->nr_open++;
        return FIRST_FD + i;
    }
    return -EMFILE;
}

static struct damon_fd *fd_at(int fd)
{
    if (fd < FIRST_FD || fd >= FIRST_FD + MAX_OPEN || !fs->fds[fd - FIRST_FD].open)
        ck_abort_msg("descriptor %d is not open", fd);
    return &fs->fds[fd - FIRST_FD];
}

static int sys_open(void *data, const char *path, int flags)
{
    int pid, n = 0, i;

    (void)data;
    (void)flags;
    if (!strcmp(path, RECORD))
        return fs->has_record ? new_fd((struct damon_fd){.file = -1, .record = true}) : -ENOENT;
    if (!strcmp(path, "/proc/meminfo")) {
        char text[128];

        print(text, sizeof(text), "MemTotal: 1000000 kB\nMemFree: %u kB", fs->free_kib);
        put(path, text);
    }
    if (sscanf(path, "/proc/%d/%n", &pid, &n) == 1 && n) {
        if (!is_alive(pid))
            return -ENOENT;
        if (!strcmp(path + n, "stat")) {
            char text[128];

            print(text, sizeof(text), "%d (fake) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 777 0 0", pid);
            put(path, text);
        }
    }
    i = find(path);
    if (i < 0)
        return is_dir(path) ? new_fd((struct damon_fd){.file = -1}) : -ENOENT;
    return new_fd((struct damon_fd){.file = i});
}

static int sys_close(void *data, int fd)
{
    (void)data;
    if (fs->locked_by == fd)
        fs->locked_by = 0;
    fd_at(fd)->open = false;
    fs->nr_open--;
    return 0;
}

static ssize_t sys_pread(void *data, int fd, void *buf, size_t len, uint64_t offset)
{
    struct damon_fd *f = fd_at(fd);
    char text[1024];
    size_t n;

    (void)data;
    if (f->file < 0 && !f->record)
        return -EISDIR;
    if (f->record)
        n = (size_t)snprintf(text, sizeof(text), "%s", fs->record);
    else
        n = (size_t)snprintf(text, sizeof(text), "%s\n", fs->files[f->file].value);
    if (!offset && !f->record && ++fs->nr_reads == fs->fail_read) {
        if (fs->read_error)
            return fs->read_error;
        n = (size_t)snprintf(text, sizeof(text), "\x01?");
    }
    if (offset >= n)
        return 0;
    n -= (size_t)offset;
    n = n < len ? n : len;
    memcpy(buf, text + offset, n);
    return (ssize_t)n;
}

static ssize_t sys_pwrite(void *data, int fd, const void *buf, size_t len, uint64_t offset)
{
    struct damon_fd *f = fd_at(fd);
    char text[512], path[160];
    int r;

    (void)data;
    ck_assert_uint_lt(len, sizeof(text));
    ck_assert_uint_eq(offset, 0);
    memcpy(text, buf, len);
    text[len] = '\0';
    if (++fs->nr_writes == fs->fail_write)
        return fs->write_error;
    if (f->record) {
        print(fs->record, sizeof(fs->record), "%s", text);
        return (ssize_t)len;
    }
    print(path, sizeof(path), "%s", fs->files[f->file].path);
    if (ends_with(path, "/state") && strcmp(text, "on") != 0 && strcmp(text, "off") != 0) {
        if (fs->pending)
            return -EBUSY;
        fs->now_ns += fs->answer_ns;
    }
    r = write_file(path, text);
    return r < 0 ? r : (ssize_t)len;
}

static int sys_writer_new(void *data, void **ret_writer)
{
    (void)data;
    if (fs->no_writer)
        return -EPERM;
    if (fs->has_writer)
        ck_abort_msg("a second writer");
    fs->has_writer = true;
    *ret_writer = &fs->pending;
    return 0;
}

static int sys_writer_start(void *data, void *writer, int fd, const void *buf, size_t len)
{
    (void)data;
    ck_assert_ptr_eq(writer, &fs->pending);
    ck_assert_ptr_null(fs->pending);
    ck_assert_uint_eq(len, strlen(buf));
    ck_assert(ends_with(fs->files[fd_at(fd)->file].path, "/state"));
    fs->pending = buf;
    fs->pending_ns = fs->now_ns + fs->answer_ns;
    fs->pending_error = ++fs->nr_writes == fs->fail_write ? fs->write_error : 0;
    return 0;
}

static int sys_writer_result(void *data, void *writer, ssize_t *ret_n)
{
    const char *text = fs->pending;
    int r;

    (void)data;
    (void)writer;
    if (!text)
        ck_abort_msg("nothing is on its way");
    if (fs->now_ns < fs->pending_ns && fs->running)
        return -EAGAIN;
    fs->pending = NULL;
    r = fs->pending_error ? fs->pending_error : write_file(DAMON_DIR "0/state", text);
    *ret_n = r < 0 ? r : (ssize_t)strlen(text);
    return 0;
}

static void sys_writer_free(void *data, void *writer)
{
    (void)data;
    (void)writer;
    ck_assert_ptr_null(fs->pending);
    fs->has_writer = false;
}

static int sys_pidfd_open(void *data, pid_t pid)
{
    (void)data;
    return is_alive(pid) ? new_fd((struct damon_fd){.file = -1, .pid = pid}) : -ESRCH;
}

static int sys_poll(void *data, struct pollfd *fds, unsigned int n, int timeout_ms)
{
    (void)data;
    if (n)
        return !is_alive(fd_at(fds[0].fd)->pid);
    fs->now_ns += (uint64_t)timeout_ms * 1000000;
    return 0;
}

static int sys_timer_new(void *data)
{
    (void)data;
    return new_fd((struct damon_fd){.file = -1, .timer = true});
}

static int sys_timer_set(void *data, int fd, uint64_t deadline_ns)
{
    (void)data;
    (void)deadline_ns;
    return fd_at(fd)->timer ? 0 : -EBADF;
}

static int sys_clock(void *data, clockid_t id, uint64_t *ret_ns)
{
    (void)data;
    (void)id;
    *ret_ns = fs->now_ns;
    return 0;
}

static int sys_create(void *data, const char *path, unsigned int mode)
{
    (void)data;
    ck_assert_str_eq(path, RECORD);
    ck_assert_uint_eq(mode, 0600);
    if (!fs->has_record)
        fs->record[0] = '\0';
    fs->has_record = true;
    return new_fd((struct damon_fd){.file = -1, .record = true});
}

static int sys_lock(void *data, int fd)
{
    (void)data;
    if (fs->locked_by)
        return -EWOULDBLOCK;
    fs->locked_by = fd;
    return 0;
}

static int sys_unlink(void *data, const char *path)
{
    (void)data;
    ck_assert_str_eq(path, RECORD);
    fs->has_record = false;
    return 0;
}

static const struct damon_reclaim_system_ops system_ops = {
    .size = sizeof(system_ops),
    .open = sys_open,
    .close = sys_close,
    .pread = sys_pread,
    .pwrite = sys_pwrite,
    .pidfd_open = sys_pidfd_open,
    .poll = sys_poll,
    .timer_new = sys_timer_new,
    .timer_set = sys_timer_set,
    .clock = sys_clock,
    .create = sys_create,
    .lock = sys_lock,
    .unlink = sys_unlink,
    .writer_new = sys_writer_new,
    .writer_start = sys_writer_start,
    .writer_result = sys_writer_result,
    .writer_free = sys_writer_free,
};

static void *counted_realloc(void *data, void *ptr, size_t bytes)
{
    (void)data;
    fs->nr_blocks += !ptr;
    return realloc(ptr, bytes);
}

static void counted_free(void *data, void *ptr)
{
    (void)data;
    fs->nr_blocks--;
    free(ptr);
}

static const struct damon_reclaim_allocator allocator = {sizeof(allocator), counted_realloc, counted_free, NULL};

struct damon_reclaim_config damon_fs_config(void)
{
    return (struct damon_reclaim_config){.size = sizeof(struct damon_reclaim_config),
                                         .backend = "damon",
                                         .seed = 1,
                                         .system_ops = &system_ops,
                                         .allocator = &allocator};
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
    put(DAMON_DIR "nr_kdamonds", "0");
    put("/proc/iomem",
        "00001000-0009fbff : System RAM\n00100000-3fffffff : System RAM\n  01000000-01ffffff : Kernel code\n"
        "fec00000-fec003ff : IOAPIC 0\n100000000-13fffffff : System RAM");
    put("/proc/sys/kernel/random/boot_id", "4c5e8a0e-0000-4000-8000-000000000001");
    put("/proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=100");
}

void damon_fs_free(void)
{
    ck_assert_uint_eq(fs->nr_open, 0);
    ck_assert_uint_eq(fs->nr_blocks, 0);
    ck_assert(!fs->has_writer);
    free(fs);
    fs = NULL;
}
