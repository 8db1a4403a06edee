/* SPDX-License-Identifier: MIT */
#include "base/env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "base/size.h"
#include "base/system.h"

static void *default_realloc(void *data, void *ptr, size_t bytes)
{
    (void)data;
    return realloc(ptr, bytes);
}

static void default_free(void *data, void *ptr)
{
    (void)data;
    free(ptr);
}

int drcl_env_init(struct drcl_env *env, const struct damon_reclaim_config *config)
{
    const uint32_t known = DAMON_RECLAIM_SYSTEM_REST_IS_REAL | DAMON_RECLAIM_SYSTEM_OPENS_HERE;
    int r;

    memset(env, 0, sizeof(*env));
    env->allocator.size = sizeof(env->allocator);
    if (config->allocator) {
        r = drcl_size_copy(&env->allocator, sizeof(env->allocator), config->allocator, config->allocator->size);
        if (r < 0)
            return drcl_refuse(env, r, "config.allocator: size %zu is not one that this library knows",
                               config->allocator->size);
        if (!env->allocator.realloc != !env->allocator.free)
            return drcl_refuse(env, -EINVAL, "config.allocator: set both realloc and free, or neither");
    }
    if (!env->allocator.realloc) {
        env->allocator.realloc = default_realloc;
        env->allocator.free = default_free;
    }
    if (config->system_ops) {
        r = drcl_size_copy(&env->sys, sizeof(env->sys), config->system_ops, config->system_ops->size);
        if (r < 0)
            return drcl_refuse(env, r, "config.system_ops: size %zu is not one that this library knows",
                               config->system_ops->size);
        if (!env->sys.writer_new != !env->sys.writer_start || !env->sys.writer_new != !env->sys.writer_result ||
            !env->sys.writer_new != !env->sys.writer_free)
            return drcl_refuse(env, -EINVAL, "config.system_ops: set all of the writer_ members, or none");
        if (env->sys.flags & ~known)
            return drcl_refuse(env, -EINVAL, "config.system_ops.flags: 0x%x are not flags of this library",
                               env->sys.flags & ~known);
        if (env->sys.reserved0)
            return drcl_refuse(env, -E2BIG, "config.system_ops.reserved0: " DRCL_RESERVED);
    }
    env->opens_itself = !env->sys.open || (env->sys.flags & DAMON_RECLAIM_SYSTEM_OPENS_HERE);
    drcl_system_defaults(&env->sys);
    env->system_data = config->system_data;
    env->root = drcl_strdup(env, config->root ? config->root : "");
    if (!env->root)
        return drcl_error(env, -ENOMEM, "out of memory");
    return 0;
}

void drcl_env_fini(struct drcl_env *env)
{
    drcl_free(env, env->root);
    env->root = NULL;
}

void *drcl_alloc(struct drcl_env *env, size_t bytes)
{
    return env->allocator.realloc(env->allocator.data, NULL, bytes ? bytes : 1);
}

void *drcl_zalloc(struct drcl_env *env, size_t bytes)
{
    void *p = drcl_alloc(env, bytes);

    if (p)
        memset(p, 0, bytes);
    return p;
}

void *drcl_realloc_array(struct drcl_env *env, void *ptr, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return NULL;
    return env->allocator.realloc(env->allocator.data, ptr, n && size ? n * size : 1);
}

char *drcl_strdup(struct drcl_env *env, const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = drcl_alloc(env, n);

    if (copy)
        memcpy(copy, text, n);
    return copy;
}

void drcl_free(struct drcl_env *env, void *ptr)
{
    if (ptr)
        env->allocator.free(env->allocator.data, ptr);
}

/* Sets the last error, whose text may begin with its culprit. */
__attribute__((format(printf, 3, 0))) static void set_error(struct drcl_env *env, bool has_culprit, const char *format,
                                                            va_list ap)
{
    char text[DRCL_ERROR_SIZE]; /* the arguments may point into env->error */
    size_t len;

    vsnprintf(text, sizeof(text), format, ap);
    drcl_make_one_line(text);
    memcpy(env->error, text, sizeof(text));
    len = has_culprit ? strspn(text, "abcdefghijklmnopqrstuvwxyz_.[]0123456789") : 0;
    if (len >= sizeof(env->culprit) || (text[len] != ':' && text[len] != ','))
        len = 0;
    memcpy(env->culprit, text, len);
    env->culprit[len] = '\0';
    if (env->log)
        env->log(env->log_data, DAMON_RECLAIM_LOG_ERROR, env->error);
}

int drcl_error(struct drcl_env *env, int err, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    set_error(env, false, format, ap);
    va_end(ap);
    return err;
}

int drcl_refuse(struct drcl_env *env, int err, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    set_error(env, true, format, ap);
    va_end(ap);
    return err;
}

void drcl_log(struct drcl_env *env, enum damon_reclaim_log_level level, const char *format, ...)
{
    char text[DRCL_ERROR_SIZE];
    va_list ap;

    if (!env->log)
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    drcl_make_one_line(text);
    env->log(env->log_data, level, text);
}

void drcl_quiet_begin(struct drcl_env *env, struct drcl_quiet *ret)
{
    ret->log = env->log;
    memcpy(ret->error, env->error, sizeof(ret->error));
    memcpy(ret->culprit, env->culprit, sizeof(ret->culprit));
    env->log = NULL;
    env->error[0] = '\0';
}

void drcl_quiet_end(struct drcl_env *env, struct drcl_quiet *quiet)
{
    char failed[DRCL_ERROR_SIZE];

    memcpy(failed, env->error, sizeof(failed));
    memcpy(env->error, quiet->error, sizeof(env->error));
    memcpy(quiet->error, failed, sizeof(quiet->error));
    memcpy(env->culprit, quiet->culprit, sizeof(env->culprit));
    env->log = quiet->log;
}

/* Puts the prefix in front: the length, or -ENAMETOOLONG. */
__attribute__((format(printf, 3, 0))) static int path_v(const struct drcl_env *env, char path[PATH_MAX],
                                                        const char *format, va_list ap)
{
    size_t root_len = strlen(env->root);
    int n;

    if (root_len >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(path, env->root, root_len);
    n = vsnprintf(path + root_len, PATH_MAX - root_len, format, ap);
    return n < 0 || (size_t)n >= PATH_MAX - root_len ? -ENAMETOOLONG : n;
}

__attribute__((format(printf, 3, 4))) static int path_of(const struct drcl_env *env, char path[PATH_MAX],
                                                         const char *format, ...)
{
    va_list ap;
    int r;

    va_start(ap, format);
    r = path_v(env, path, format, ap);
    va_end(ap);
    return r;
}

__attribute__((format(printf, 3, 0))) static int open_v(struct drcl_env *env, int flags, const char *path_format,
                                                        va_list ap)
{
    char path[PATH_MAX];
    int fd = path_v(env, path, path_format, ap);

    if (fd < 0)
        return fd;
    do
        fd = env->sys.open(env->system_data, path, flags | O_CLOEXEC);
    while (fd == -EINTR);
    return fd;
}

int drcl_open(struct drcl_env *env, int flags, const char *path_format, ...)
{
    va_list ap;
    int fd;

    va_start(ap, path_format);
    fd = open_v(env, flags, path_format, ap);
    va_end(ap);
    return fd;
}

void drcl_close(struct drcl_env *env, int fd)
{
    if (fd >= 0)
        env->sys.close(env->system_data, fd);
}

int drcl_create(struct drcl_env *env, unsigned int mode, const char *name)
{
    char path[PATH_MAX];
    int fd = path_of(env, path, "%s", name);

    if (fd < 0)
        return fd;
    do
        fd = env->sys.create(env->system_data, path, mode);
    while (fd == -EINTR);
    return fd;
}

int drcl_lock(struct drcl_env *env, int fd)
{
    int r;

    do
        r = env->sys.lock(env->system_data, fd);
    while (r == -EINTR);
    return r;
}

int drcl_lock_range(struct drcl_env *env, int fd, int type, uint64_t start, uint64_t len, uint64_t *ret_other)
{
    int r;

    do
        r = env->sys.lock_range(env->system_data, fd, type, start, len, ret_other);
    while (r == -EINTR);
    return r;
}

int drcl_unlink(struct drcl_env *env, const char *name)
{
    char path[PATH_MAX];
    int r = path_of(env, path, "%s", name);

    return r < 0 ? r : env->sys.unlink(env->system_data, path);
}

int drcl_mkdir(struct drcl_env *env, unsigned int mode, const char *name)
{
    char path[PATH_MAX];
    int r = path_of(env, path, "%s", name);

    return r < 0 ? r : env->sys.mkdir(env->system_data, path, mode);
}

int drcl_status(struct drcl_env *env, int fd, struct damon_reclaim_file *ret_file)
{
    struct damon_reclaim_file file = {.size = sizeof(file)};
    int r = env->sys.status(env->system_data, fd, &file);

    if (r == 0)
        *ret_file = file;
    return r;
}

ssize_t drcl_getdents(struct drcl_env *env, int fd, void *buf, size_t len)
{
    return env->sys.getdents(env->system_data, fd, buf, len);
}

int drcl_inode(struct drcl_env *env, int fd, uint64_t *ret_inode)
{
    return env->sys.inode(env->system_data, fd, ret_inode);
}

ssize_t drcl_pread(struct drcl_env *env, int fd, void *buf, size_t len, uint64_t offset)
{
    ssize_t n;

    do
        n = env->sys.pread(env->system_data, fd, buf, len, offset);
    while (n == -EINTR);
    return n;
}

ssize_t drcl_pwrite(struct drcl_env *env, int fd, const void *buf, size_t len, uint64_t offset)
{
    ssize_t n;

    do
        n = env->sys.pwrite(env->system_data, fd, buf, len, offset);
    while (n == -EINTR);
    return n;
}

int drcl_scan_present(struct drcl_env *env, int fd, uint64_t start, uint64_t end, struct damon_reclaim_range *ret_range)
{
    int r;

    do
        r = env->sys.scan_present(env->system_data, fd, start, end, ret_range);
    while (r == -EINTR);
    return r;
}

ssize_t drcl_process_madvise(struct drcl_env *env, int pidfd, const struct damon_reclaim_range *ranges, size_t n,
                             int advice)
{
    /* An interrupted call may have done a part: the caller looks at what happened, so it is not repeated here. */
    return env->sys.process_madvise(env->system_data, pidfd, ranges, n, advice);
}

int drcl_pidfd_open(struct drcl_env *env, pid_t pid)
{
    return env->sys.pidfd_open(env->system_data, pid);
}

int drcl_pidfd_exited(struct drcl_env *env, int pidfd)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    int r;

    do
        r = env->sys.poll(env->system_data, &p, 1, 0);
    while (r == -EINTR);
    return r < 0 ? r : r > 0;
}

uint64_t drcl_clock(const struct drcl_env *env, clockid_t id)
{
    uint64_t ns = 0;

    return env->sys.clock(env->system_data, id, &ns) < 0 ? 0 : ns;
}

int drcl_writer_new(struct drcl_env *env, void **ret_writer)
{
    return env->sys.writer_new(env->system_data, ret_writer);
}

int drcl_writer_start(struct drcl_env *env, void *writer, int fd, const void *buf, size_t len)
{
    return env->sys.writer_start(env->system_data, writer, fd, buf, len);
}

int drcl_writer_result(struct drcl_env *env, void *writer, ssize_t *ret_n)
{
    return env->sys.writer_result(env->system_data, writer, ret_n);
}

void drcl_writer_free(struct drcl_env *env, void *writer)
{
    env->sys.writer_free(env->system_data, writer);
}

int drcl_read_file(struct drcl_env *env, size_t limit, char **ret_text, size_t *ret_len, const char *path_format, ...)
{
    size_t len = 0, cap = 4096;
    char *text = NULL;
    va_list ap;
    ssize_t n;
    int fd, r;

    va_start(ap, path_format);
    fd = open_v(env, O_RDONLY, path_format, ap);
    va_end(ap);
    if (fd < 0)
        return fd;
    for (;;) {
        char *grown = drcl_realloc_array(env, text, cap, 1);

        r = -ENOMEM;
        if (!grown)
            goto fail;
        text = grown;
        do {
            n = drcl_pread(env, fd, text + len, cap - 1 - len, len);
            r = (int)n;
            if (n < 0)
                goto fail;
            len += (size_t)n;
        } while (n > 0 && len < cap - 1);
        if (n == 0)
            break;
        r = -EFBIG;
        if (cap > limit)
            goto fail;
        cap *= 2;
    }
    drcl_close(env, fd);
    text[len] = '\0';
    *ret_text = text;
    *ret_len = len;
    return 0;
fail:
    drcl_close(env, fd);
    drcl_free(env, text);
    return r;
}

ssize_t drcl_read_small(struct drcl_env *env, char *buf, size_t size, const char *path_format, ...)
{
    size_t len = 0;
    va_list ap;
    ssize_t n;
    int fd;

    va_start(ap, path_format);
    fd = open_v(env, O_RDONLY, path_format, ap);
    va_end(ap);
    if (fd < 0)
        return fd;
    do {
        n = drcl_pread(env, fd, buf + len, size - 1 - len, len);
        if (n > 0)
            len += (size_t)n;
    } while (n > 0 && len < size - 1);
    drcl_close(env, fd);
    if (n < 0)
        return n;
    if (n > 0)
        return -EFBIG;
    buf[len] = '\0';
    return (ssize_t)len;
}
