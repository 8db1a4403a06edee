/* SPDX-License-Identifier: MIT */
/* What a helper process does, and what it and the daemon send each other. */
#ifndef AGENT_HELPER_SERVE_H
#define AGENT_HELPER_SERVE_H

#include "helper.h"

/* Begins each message to the helper; `len` bytes follow, and a descriptor may come with it. */
struct helper_message {
    int32_t call, number;
    uint64_t request, offset;
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

/* Serves the socket until the other end is closed. Does not return. */
_Noreturn void helper_serve(int socket);

#endif
