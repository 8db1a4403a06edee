/* SPDX-License-Identifier: MIT */
/* Small files of the kernel, whole. */
#ifndef COMMON_FILES_H
#define COMMON_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads a file of the kernel as text with a NUL behind it, which the caller frees; @ret_len may be NULL. A negative
 * errno: -ENOENT, -EFBIG (larger than 16 MiB) ... */
int file_read(const char *path, char **ret, size_t *ret_len);

/* The same for a file in a directory that somebody else may write to: -EINVAL if it is a FIFO, a directory or a device,
 * which is not waited for. */
int file_read_regular(const char *path, char **ret, size_t *ret_len);

/* The same for an open file that is read in another way: @read_at returns how many bytes it has read, 0 at the end, or
 * a negative errno. The file stays open. */
typedef ssize_t file_read_fn(int fd, void *buf, size_t len, uint64_t offset);
int file_read_by(file_read_fn *read_at, int fd, char **ret, size_t *ret_len);

/* @error, a negative errno, if it is a lack of one's own (memory, files), which says nothing of what was to be read;
 * else 0. */
int file_own_lack(int error);

#endif
