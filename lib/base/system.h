/* SPDX-License-Identifier: MIT */
#ifndef DRCL_SYSTEM_H
#define DRCL_SYSTEM_H

#include "damon_reclaim/damon_reclaim.h"

/* Puts the real system call into every member that is NULL. */
void drcl_system_defaults(struct damon_reclaim_system_ops *ops);

/* uring.c: the real writer. */
int drcl_uring_new(void *data, void **ret_writer);
int drcl_uring_start(void *data, void *writer, int fd, const void *buf, size_t len);
int drcl_uring_result(void *data, void *writer, ssize_t *ret_n);
void drcl_uring_free(void *data, void *writer);

/* The thread that is running; cannot fail. */
pid_t drcl_system_gettid(void);

#endif
