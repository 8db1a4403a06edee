/* SPDX-License-Identifier: MIT */
/* What the fake kernel does when a path is opened, and a descriptor is read, written or listed. */
#ifndef FAKE_FILES_H
#define FAKE_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "damon_reclaim/damon_reclaim.h"

struct fake;

/* For the table of system calls. */
int fake_sys_open(void *data, const char *path, int flags);
ssize_t fake_sys_pread(void *data, int fd, void *buf, size_t len, uint64_t offset);
ssize_t fake_sys_pwrite(void *data, int fd, const void *buf, size_t len, uint64_t offset);
ssize_t fake_sys_getdents(void *data, int fd, void *buf, size_t len);
int fake_sys_lock_range(void *data, int fd, int type, uint64_t start, uint64_t len, uint64_t *ret_other);
/* What closing the descriptor does to its locks. */
void fake_drop_locks(struct fake *f, int fd);
int fake_sys_status(void *data, int fd, struct damon_reclaim_file *ret_file);
int fake_sys_mkdir(void *data, const char *path, unsigned int mode);
int fake_sys_inode(void *data, int fd, uint64_t *ret_inode);
/* Only the record of the library is ever created, locked and removed. */
int fake_sys_create(void *data, const char *path, unsigned int mode);
int fake_sys_lock(void *data, int fd);
int fake_sys_unlink(void *data, const char *path);

#endif
