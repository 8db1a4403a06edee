/* SPDX-License-Identifier: MIT */
/*
 * The world as one context sees it: memory, the system, the log and the text of the last error. Backends and the
 * readers of kernel files get a struct drcl_env and need nothing else of the context.
 */
#ifndef DRCL_ENV_H
#define DRCL_ENV_H

#include <stdarg.h>
#include <time.h>

#include "damon_reclaim/damon_reclaim.h"

#define DRCL_ERROR_SIZE 512

typedef void drcl_log_fn(void *log_data, enum damon_reclaim_log_level level, const char *text);

struct drcl_env {
    struct damon_reclaim_system_ops sys; /* no member is NULL */
    bool opens_itself;                   /* sys.open is the system call in this process, not one of the program's */
    void *system_data;
    struct damon_reclaim_allocator allocator; /* no member is NULL */
    char *root;                               /* prefix for /proc, /sys and /run, "" for none */
    char error[DRCL_ERROR_SIZE];              /* the last error, "" for none */
    drcl_log_fn *log;                         /* or NULL */
    void *log_data;
};

/* Fills in the defaults. Returns 0, -E2BIG or -EINVAL for a bad table in @config, -ENOMEM. drcl_env_fini() undoes it.
 */
int drcl_env_init(struct drcl_env *env, const struct damon_reclaim_config *config);
void drcl_env_fini(struct drcl_env *env);

/* Memory: NULL on failure, never an abort. The array forms check the product. drcl_free(NULL) is fine. */
void *drcl_alloc(struct drcl_env *env, size_t bytes);  /* not cleared */
void *drcl_zalloc(struct drcl_env *env, size_t bytes); /* cleared */
void *drcl_realloc_array(struct drcl_env *env, void *ptr, size_t n, size_t size);
char *drcl_strdup(struct drcl_env *env, const char *text);
void drcl_free(struct drcl_env *env, void *ptr);

/* Sets the last error to one line of text that names the culprit and the cure, logs it, and returns @err (negative). */
int drcl_error(struct drcl_env *env, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));
void drcl_log(struct drcl_env *env, enum damon_reclaim_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* From drcl_hush() to drcl_unhush() nothing is logged. Then the caller makes another error of one that was met, or
 * none: when @r is negative the last error stays for it, else the one from before is back. drcl_unhush() returns @r. */
struct drcl_hush {
    drcl_log_fn *log;
    char error[DRCL_ERROR_SIZE];
};
void drcl_hush(struct drcl_env *env, struct drcl_hush *ret);
int drcl_unhush(struct drcl_env *env, const struct drcl_hush *hush, int r);

/* System calls through the table. Each returns what the call does or a negative errno; EINTR is retried where that is
 * right. */
int drcl_open(struct drcl_env *env, int flags, const char *path_format, ...) __attribute__((format(printf, 3, 4)));
void drcl_close(struct drcl_env *env, int fd);                              /* -1 is fine */
int drcl_create(struct drcl_env *env, unsigned int mode, const char *path); /* for reading and writing */
int drcl_lock(struct drcl_env *env, int fd); /* -EWOULDBLOCK if somebody else has it; closing unlocks */
int drcl_unlink(struct drcl_env *env, const char *path);
ssize_t drcl_getdents(struct drcl_env *env, int fd, void *buf, size_t len);
int drcl_inode(struct drcl_env *env, int fd, uint64_t *ret_inode);
ssize_t drcl_pread(struct drcl_env *env, int fd, void *buf, size_t len, uint64_t offset);
ssize_t drcl_pwrite(struct drcl_env *env, int fd, const void *buf, size_t len, uint64_t offset);
int drcl_ioctl(struct drcl_env *env, int fd, unsigned long request, void *arg);
ssize_t drcl_process_madvise(struct drcl_env *env, int pidfd, const struct iovec *iov, size_t n, int advice);
int drcl_pidfd_open(struct drcl_env *env, pid_t pid);
/* Whether the process of the pidfd has exited: 1, 0 or a negative errno. */
int drcl_pidfd_exited(struct drcl_env *env, int pidfd);
uint64_t drcl_clock(const struct drcl_env *env, clockid_t id); /* 0 if it fails */

/* Writes that do not wait; see struct damon_reclaim_system_ops. */
int drcl_writer_new(struct drcl_env *env, void **ret_writer);
int drcl_writer_start(struct drcl_env *env, void *writer, int fd, const void *buf, size_t len);
int drcl_writer_result(struct drcl_env *env, void *writer, ssize_t *ret_n);
void drcl_writer_free(struct drcl_env *env, void *writer);

/*
 * Reads a whole file (of /proc or /sys, so of unknown size) and puts a NUL behind it. Short reads go on until end of
 * file. The caller frees *ret_text. -EFBIG when it is larger than @limit.
 */
int drcl_read_file(struct drcl_env *env, size_t limit, char **ret_text, size_t *ret_len, const char *path_format, ...)
    __attribute__((format(printf, 5, 6)));

/* Like drcl_read_file() for a file of a known small size into the caller's buffer (NUL-terminated): its length, or a
 * negative errno; -EFBIG if it does not fit. Allocates nothing, for what is read again and again. */
ssize_t drcl_read_small(struct drcl_env *env, char *buf, size_t size, const char *path_format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
