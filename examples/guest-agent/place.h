/* SPDX-License-Identifier: MIT */
/* The place where the host listens, and how to connect to it. */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>
#include <sys/socket.h>

#include "common/error.h"

struct place {
    const char *text;   /* as it is configured */
    const char *device; /* path of a device; NULL: a socket */
    socklen_t len;      /* length of the address */
    struct sockaddr_storage address;
};

/* Parses a place. The caller keeps @text valid as long as the place. Returns 0, or -EINVAL with a text. */
int place_parse(const char *text, struct place *ret, struct error_text *error);

/* Opens the place without waiting. Returns a non-blocking file. If *ret_pending is true, the file becomes writable when
 * it is connected or has failed; place_connected() then says which. */
int place_open(const struct place *place, bool *ret_pending);
int place_connected(int fd);

#endif
