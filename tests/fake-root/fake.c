/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_files.h"
#include "fake_pages.h"

#define FIRST_FD 1000

/* --- descriptors ---------------------------------------------------------------------------------------------------
 */

int fake_called(struct fake *f)
{
    if (f->hook)
        f->hook(f);
    f->now_ns += f->call_ns;
    return ++f->nr_calls == f->fail_call ? f->fail_error : 0;
}

int fake_new_fd(struct fake *f, enum fake_file kind, struct fake_process *p)
{
    for (int i = 0; i < FAKE_FDS; i++) {
        struct fake_fd *fd = &f->fds[i];

        if (fd->kind != FILE_CLOSED)
            continue;
        fd->kind = kind;
        fd->process = p;
        fd->cgroup = NULL;
        fd->generation = p ? p->generation : 0;
        fd->entry = 0;
        fd->inode = 4;
        fd->text[0] = '\0';
        f->nr_open++;
        return FIRST_FD + i;
    }
    return -EMFILE;
}

struct fake_fd *fake_fd_at(struct fake *f, int fd)
{
    if (fd < FIRST_FD || fd >= FIRST_FD + FAKE_FDS || f->fds[fd - FIRST_FD].kind == FILE_CLOSED)
        ck_abort_msg("descriptor %d is not open", fd);
    return &f->fds[fd - FIRST_FD];
}

void fake_print(char *text, size_t size, const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(text, size, format, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= size)
        ck_abort_msg("too long: %s", text);
}

bool fake_ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && !strcmp(text + n - m, end);
}

/* --- calls that need no file ----------------------------------------------------------------------------------------
 */

static int sys_close(void *data, int fd)
{
    struct fake *f = data;

    if (f->record.locked_by == fd)
        f->record.locked_by = 0;
    fake_drop_locks(f, fd);
    fake_fd_at(f, fd)->kind = FILE_CLOSED;
    f->nr_open--;
    return 0;
}

static int sys_pidfd_open(void *data, pid_t pid)
{
    struct fake *f = data;
    struct fake_process *p = fake_process_of(f, pid);
    int r = fake_called(f);

    if (r)
        return r;
    return p ? fake_new_fd(f, FILE_PIDFD, p) : -ESRCH;
}

/* Without descriptors it sleeps. */
static int sys_poll(void *data, struct pollfd *fds, unsigned int n, int timeout_ms)
{
    struct fake *f = data;
    int ready = 0, r = fake_called(f);

    if (r)
        return r;
    if (n == 0)
        f->now_ns += (uint64_t)timeout_ms * 1000000;
    for (unsigned int i = 0; i < n; i++) {
        struct fake_fd *fd = fake_fd_at(f, fds[i].fd);

        fds[i].revents = fd->kind == FILE_PIDFD && fd->process->exited ? POLLIN : 0;
        ready += fds[i].revents != 0;
    }
    return ready;
}

static int sys_timer_new(void *data)
{
    int r = fake_called(data);

    return r ? r : fake_new_fd(data, FILE_TIMER, NULL);
}

static int sys_timer_set(void *data, int fd, uint64_t deadline_ns)
{
    struct fake *f = data;

    f->timer_ns = deadline_ns;
    return fake_fd_at(f, fd)->kind == FILE_TIMER ? fake_called(f) : -EBADF;
}

static int sys_clock(void *data, clockid_t id, uint64_t *ret_ns)
{
    struct fake *f = data;

    (void)id;
    fake_damon_pass_time(f);
    *ret_ns = f->now_ns;
    return 0;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static const struct damon_reclaim_system_ops system_ops = {
    .size = sizeof(system_ops),
    .open = fake_sys_open,
    .close = sys_close,
    .pread = fake_sys_pread,
    .pwrite = fake_sys_pwrite,
    .scan_present = fake_sys_scan_present,
    .process_madvise = fake_sys_process_madvise,
    .pidfd_open = sys_pidfd_open,
    .poll = sys_poll,
    .timer_new = sys_timer_new,
    .timer_set = sys_timer_set,
    .clock = sys_clock,
    .getdents = fake_sys_getdents,
    .inode = fake_sys_inode,
    .create = fake_sys_create,
    .lock = fake_sys_lock,
    .lock_range = fake_sys_lock_range,
    .status = fake_sys_status,
    .mkdir = fake_sys_mkdir,
    .unlink = fake_sys_unlink,
    .writer_new = fake_writer_new,
    .writer_start = fake_writer_start,
    .writer_result = fake_writer_result,
    .writer_free = fake_writer_free,
};

struct damon_reclaim_config fake_config(struct fake *f)
{
    static struct damon_reclaim_allocator allocator;

    allocator = counted_allocator(&f->memory);
    return (struct damon_reclaim_config){.size = sizeof(struct damon_reclaim_config),
                                         .backend = "idle-page",
                                         .seed = 1,
                                         .system_ops = &system_ops,
                                         .system_data = f,
                                         .allocator = &allocator};
}

struct fake *fake_open(void)
{
    struct fake *f = calloc(1, sizeof(*f));
    struct damon_reclaim_config config;

    ck_assert_ptr_nonnull(f);
    f->next_frame = 64;
    f->now_ns = 5000000000;
    f->call_ns = 500;
    f->page_ns = 2000;
    f->iomem = "00000000-07ffffff : System RAM\n";
    f->free_kib = 300000;
    f->own_cgroup = "/";
    fake_cgroup(f, "", 1);
    f->swap_total = f->swap_free = 1024 * MIB;
    config = fake_config(f);
    ck_assert_int_eq(drcl_env_init(&f->env, &config), 0);
    return f;
}

void fake_close(struct fake *f)
{
    drcl_env_fini(&f->env);
    ck_assert_uint_eq(f->nr_open, 0);
    ck_assert_uint_eq(f->memory.nr_blocks, 0);
    ck_assert_int_eq(f->damon.has_writer, false);
    for (size_t i = 0; i < f->nr_processes; i++)
        fake_unmap_all(&f->processes[i]);
    free(f);
}

void *fake_backend(struct fake *f, struct fake_process *p)
{
    void *backend = NULL;

    f->pidfd = sys_pidfd_open(f, p->pid);
    ck_assert_int_ge(f->pidfd, 0);
    ck_assert_int_eq(drcl_backend_idle_page.create(&f->env, NULL, &backend), 0);
    ck_assert_int_eq(drcl_backend_idle_page.ops->target_add(backend, 1, p->pid, f->pidfd), 0);
    return backend;
}

void fake_backend_free(struct fake *f, void *backend)
{
    drcl_backend_idle_page.ops->destroy(backend);
    sys_close(f, f->pidfd);
}
