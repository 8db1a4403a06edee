/* SPDX-License-Identifier: MIT */
/* What a helper process does, and what it and the daemon send each other. */
#ifndef AGENT_HELPER_SERVE_H
#define AGENT_HELPER_SERVE_H

#include <damon_reclaim/damon_reclaim.h>

#include "helper.h"

/* Begins each message to the helper; `len` bytes follow, and a descriptor may come with it. */
struct helper_message {
    int32_t call, number;
    uint64_t offset, end;
    uint64_t len, room;
};

/* Begins each answer; `len` bytes follow, and a descriptor may come with it. */
struct helper_answer {
    int64_t result;
    uint64_t len;
};

/* Sends or receives a message in two parts, with at most one descriptor. Return the bytes, or a negative errno;
 * *ret_fd is -1 if no descriptor came. */
ssize_t helper_send(int socket, const void *head, size_t head_len, const void *data, size_t len, int fd);
ssize_t helper_receive(int socket, void *head, size_t head_len, void *data, size_t room, int *ret_fd);

/* The calls themselves, as in struct damon_reclaim_system_ops. */
long helper_scan(int fd, uint64_t start, uint64_t end, struct damon_reclaim_range *ret_range);
long helper_advise(int pidfd, const struct damon_reclaim_range *ranges, size_t n, int advice);

/* Serves the socket until the other end is closed. Does not return. */
_Noreturn void helper_serve(int socket);

#endif
