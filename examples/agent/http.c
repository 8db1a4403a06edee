/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "metrics.h"

#define MOST_CONNECTIONS 16
#define IDLE_SECONDS     10u

typedef enum MHD_Result answer;

struct http {
    struct MHD_Daemon *daemon;
    struct loop_source *source, *timer;
    struct metrics *metrics;
    void (*refresh)(struct metrics *metrics, void *userdata);
    void *userdata;
    uint16_t port;
};

bool http_available(void)
{
    return true;
}

static answer reply(struct MHD_Connection *connection, unsigned int status, const char *type, const char *text)
{
    /* Without allocation of its own the text must be constant, which these are. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    answer result;

    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static answer reply_page(struct http *http, struct MHD_Connection *connection)
{
    const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    bool open = accept && strstr(accept, "application/openmetrics-text");
    struct MHD_Response *response;
    answer result;
    size_t len;
    char *text;

    http->refresh(http->metrics, http->userdata);
    if (metrics_text(http->metrics, open ? METRICS_OPENMETRICS : METRICS_PROMETHEUS, &text, &len) < 0)
        return reply(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain", "no memory\n");
    response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            open ? METRICS_TYPE_OPENMETRICS : METRICS_TYPE_PROMETHEUS);
    result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static answer handle(void *userdata, struct MHD_Connection *connection, const char *url, const char *method,
                     const char *version, const char *upload, size_t *upload_size, void **request)
{
    static int seen;

    (void)version, (void)upload;
    if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
        return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", "only GET is served\n");
    if (!*request) {
        *request = &seen; /* the headers; the answer comes with the second call */
        return MHD_YES;
    }
    *upload_size = 0;
    if (strcmp(url, "/metrics"))
        return reply(connection, MHD_HTTP_NOT_FOUND, "text/plain", "the metrics are at /metrics\n");
    return reply_page(userdata, connection);
}

/* Serves what is there, and comes back when libmicrohttpd has to look after idle connections. */
static void serve(struct loop_source *source, int value, void *userdata)
{
    struct http *http = userdata;
    MHD_UNSIGNED_LONG_LONG ms;

    (void)source, (void)value;
    MHD_run(http->daemon);
    if (MHD_get_timeout(http->daemon, &ms) == MHD_YES)
        loop_set_timer(http->timer, (uint64_t)ms * 1000000, 0);
}

/* A listening socket, with the errno that libmicrohttpd's own would not tell. */
static int listen_on(const char *address, uint16_t port, struct agent_error *error)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    const struct sockaddr *name = is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
    int fd, one = 1, r;

    if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
        return agent_fail(error, -EINVAL, "metrics address %s: is not an IPv4 or IPv6 address", address);
    fd = socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return agent_fail(error, -errno, "metrics address %s: %s", address, strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)); /* so that a restart need not wait */
    if (bind(fd, name, is_v4 ? sizeof(v4) : sizeof(v6)) < 0 || listen(fd, MOST_CONNECTIONS) < 0) {
        r = -errno;
        close(fd);
        return agent_fail(error, r, "metrics address %s, port %u: %s%s", address, port, strerror(-r),
                          r == -EADDRINUSE ? "; another program uses it: choose another port with --metrics-port" : "");
    }
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);

    if (getsockname(fd, (struct sockaddr *)&name, &len) < 0)
        return 0;
    return ntohs(name.ss_family == AF_INET ? ((const struct sockaddr_in *)&name)->sin_port
                                           : ((const struct sockaddr_in6 *)&name)->sin6_port);
}

int http_open(struct loop *loop, const char *address, uint16_t port, struct metrics *metrics,
              void (*refresh)(struct metrics *metrics, void *userdata), void *userdata, struct http **ret,
              struct agent_error *error)
{
    int fd = listen_on(address, port, error), r;
    struct http *http;

    if (fd < 0)
        return fd;
    http = calloc(1, sizeof(*http));
    if (!http) {
        close(fd);
        return agent_fail(error, -ENOMEM, "no memory");
    }
    *http = (struct http){.metrics = metrics, .refresh = refresh, .userdata = userdata, .port = port_of(fd)};
    http->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, http, MHD_OPTION_LISTEN_SOCKET, fd,
                                    MHD_OPTION_CONNECTION_LIMIT, MOST_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                                    IDLE_SECONDS, MHD_OPTION_END);
    if (!http->daemon) {
        close(fd);
        free(http);
        return agent_fail(error, -EIO, "metrics over HTTP: libmicrohttpd does not start");
    }
    r = loop_add_fd(loop, MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, POLLIN, serve, http,
                    &http->source);
    if (r == 0)
        r = loop_add_timer(loop, 0, 0, serve, http, &http->timer);
    if (r < 0) {
        http_close(http);
        return agent_fail(error, r, "metrics over HTTP: %s", strerror(-r));
    }
    *ret = http;
    return 0;
}

uint16_t http_port(const struct http *http)
{
    return http->port;
}

void http_close(struct http *http)
{
    if (!http)
        return;
    loop_remove(http->source);
    loop_remove(http->timer);
    MHD_stop_daemon(http->daemon);
    free(http);
}
