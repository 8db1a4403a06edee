/* SPDX-License-Identifier: MIT */
/* Serves the metrics over HTTP: GET /metrics, and nothing else, on the thread of the loop. */
#ifndef AGENT_HTTP_H
#define AGENT_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

struct loop;
struct metrics;
struct http;

/* Whether this build can serve HTTP. */
bool http_available(void);

/*
 * Listens on @address (IPv4 or IPv6) and @port (0: any free port). Before each page it calls @refresh, which clears the
 * metrics and adds current samples. Returns 0, -EADDRINUSE, -EACCES, -EINVAL, or -EOPNOTSUPP if built without
 * libmicrohttpd.
 */
int http_open(struct loop *loop, const char *address, uint16_t port, struct metrics *metrics,
              void (*refresh)(struct metrics *metrics, void *userdata), void *userdata, struct http **ret,
              struct error_text *error);

uint16_t http_port(const struct http *http); /* the port in use */
void http_close(struct http *http);

#endif
