/* SPDX-License-Identifier: MIT */
/* The metrics over HTTP: GET /metrics, on the loop's thread. Nothing else is served. */
#ifndef AGENT_HTTP_H
#define AGENT_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct loop;
struct metrics;
struct http;

/* Whether this build has it. */
bool http_available(void);

/*
 * Listens on @address (an IPv4 or IPv6 address) and @port (0: any free one). @refresh is called before each page: it
 * clears the metrics and adds the samples of this moment. -EADDRINUSE, -EACCES, -EINVAL; -EOPNOTSUPP: built without.
 */
int http_open(struct loop *loop, const char *address, uint16_t port, struct metrics *metrics,
              void (*refresh)(struct metrics *metrics, void *userdata), void *userdata, struct http **ret,
              struct agent_error *error);

uint16_t http_port(const struct http *http); /* the real one */
void http_close(struct http *http);

#endif
