/* SPDX-License-Identifier: MIT */
/* Writes that do not wait, through io_uring: the real writer of struct damon_reclaim_system_ops. */
#ifndef DRCL_URING_H
#define DRCL_URING_H

#include <stddef.h>
#include <sys/types.h>

int drcl_uring_new(void *data, void **ret_writer);
int drcl_uring_start(void *data, void *writer, int fd, const void *buf, size_t len);
int drcl_uring_result(void *data, void *writer, ssize_t *ret_n);
void drcl_uring_free(void *data, void *writer);

#endif
