/* SPDX-License-Identifier: MIT */
/* Where the host listens, and beginning to connect to it. */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>
#include <sys/socket.h>

#include "agent/error.h"

struct place {
    const char *text;   /* as it was given */
    const char *device; /* path of a device; NULL: a socket */
    socklen_t len;      /* of the address */
    struct sockaddr_storage address;
};

/* The text stays the caller's and must live as long. -EINVAL with the reason. */
int place_parse(const char *text, struct place *ret, struct agent_error *error);

/* Opens without waiting. Returns a non-blocking file; *ret_pending: it becomes writable when it is connected or has
 * failed, which place_connected() tells. */
int place_open(const struct place *place, bool *ret_pending);
int place_connected(int fd);

#endif
