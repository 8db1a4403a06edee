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

#define DRCL_ERROR_SIZE   512
#define DRCL_CULPRIT_SIZE 80

typedef void drcl_log_fn(void *log_data, enum damon_reclaim_log_level level, const char *text);

struct drcl_env {
    struct damon_reclaim_system_ops sys; /* no member is NULL */
    bool opens_itself;                   /* sys.open is the system call in this process, not one of the program's */
    void *system_data;
    struct damon_reclaim_allocator allocator; /* no member is NULL */
    char *root;                               /* prefix for /proc, /sys and /run, "" for none */
    char error[DRCL_ERROR_SIZE];              /* the last error, "" for none */
    char culprit[DRCL_CULPRIT_SIZE];          /* the parameter or member that it is about, "" for none */
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
/* The same for what the program has passed: the text begins with the path of a parameter, argument or member, and a
 * colon: "filters[0].type: ...". */
int drcl_refuse(struct drcl_env *env, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));
void drcl_log(struct drcl_env *env, enum damon_reclaim_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* For what may fail without being an error. From drcl_quiet_begin() to drcl_quiet_end() nothing is logged, and after it
 * the last error is the one from before. The text of what has failed in between is in @error then, "" if nothing has:
 * the caller ignores it, or puts it into an error of its own. */
struct drcl_quiet {
    char error[DRCL_ERROR_SIZE];
    char culprit[DRCL_CULPRIT_SIZE]; /* of the error from before */
    drcl_log_fn *log;
};
void drcl_quiet_begin(struct drcl_env *env, struct drcl_quiet *ret);
void drcl_quiet_end(struct drcl_env *env, struct drcl_quiet *quiet);

/* System calls through the table. Each returns what the call does or a negative errno; EINTR is retried where that is
 * right. */
int drcl_open(struct drcl_env *env, int flags, const char *path_format, ...) __attribute__((format(printf, 3, 4)));
void drcl_close(struct drcl_env *env, int fd);                              /* -1 is fine */
int drcl_create(struct drcl_env *env, unsigned int mode, const char *path); /* for reading and writing */
int drcl_lock(struct drcl_env *env, int fd); /* -EWOULDBLOCK if somebody else has it; closing unlocks */
/* -EAGAIN: somebody else's lock is in the way; see struct damon_reclaim_system_ops. */
int drcl_lock_range(struct drcl_env *env, int fd, int type, uint64_t start, uint64_t len, uint64_t *ret_other);
int drcl_unlink(struct drcl_env *env, const char *path);
int drcl_mkdir(struct drcl_env *env, unsigned int mode, const char *path);
int drcl_status(struct drcl_env *env, int fd, struct damon_reclaim_file *ret_file);
ssize_t drcl_getdents(struct drcl_env *env, int fd, void *buf, size_t len);
int drcl_inode(struct drcl_env *env, int fd, uint64_t *ret_inode);
ssize_t drcl_pread(struct drcl_env *env, int fd, void *buf, size_t len, uint64_t offset);
ssize_t drcl_pwrite(struct drcl_env *env, int fd, const void *buf, size_t len, uint64_t offset);
int drcl_scan_present(struct drcl_env *env, int fd, uint64_t start, uint64_t end,
                      struct damon_reclaim_range *ret_range);
ssize_t drcl_process_madvise(struct drcl_env *env, int pidfd, const struct damon_reclaim_range *ranges, size_t n,
                             int advice);
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
