/* SPDX-License-Identifier: MIT */
/* A build without libmicrohttpd. */
#include <errno.h>
#include <stddef.h>

#include "http.h"

bool http_available(void)
{
    return false;
}

int http_open(struct loop *loop, const char *address, uint16_t port, struct metrics *metrics,
              void (*refresh)(struct metrics *metrics, void *userdata), void *userdata, struct http **ret,
              struct error_text *error)
{
    (void)loop, (void)address, (void)port, (void)metrics, (void)refresh, (void)userdata, (void)ret;
    return error_set(error, -EOPNOTSUPP, "metrics over HTTP: this build lacks libmicrohttpd; use --metrics-textfile");
}

uint16_t http_port(const struct http *http)
{
    (void)http;
    return 0;
}

void http_close(struct http *http)
{
    (void)http;
}
