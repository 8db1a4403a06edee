/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "http_accept.h"
#include "loop.h"
#include "metrics.h"

#define MOST_CONNECTIONS 32 /* one more, and the oldest is closed: whoever only connects must not keep others away */
#define REQUEST_NS       UINT64_C(10000000000) /* how long a request may take to arrive */
#define PAGE_NS          UINT64_C(1000000000)  /* how long a page is good for: making one takes time */
#define CONNECTION_BYTES 16384u

typedef enum MHD_Result answer;

struct connection {
    int fd;
    uint64_t since_ns; /* when it was made, or its last request was answered; 0: not in use */
};

struct page {
    struct MHD_Response *response;
    uint64_t made_ns;
};

struct http {
    struct MHD_Daemon *daemon;
    struct connection connections[2 * MOST_CONNECTIONS]; /* some of which are being closed */
    struct page pages[2];                                /* by enum metrics_format */
    uint64_t refreshed_ns;
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

/* The page, which is made anew when it is too old; NULL without memory for it. */
static struct MHD_Response *page_of(struct http *http, enum metrics_format format)
{
    struct page *page = &http->pages[format];
    uint64_t now = clock_now_ns();
    size_t len;
    char *text;

    if (page->response && now - page->made_ns < PAGE_NS)
        return page->response;
    if (!http->refreshed_ns || now - http->refreshed_ns >= PAGE_NS) {
        http->refresh(http->metrics, http->userdata);
        http->refreshed_ns = now;
    }
    if (metrics_text(http->metrics, format, &text, &len) < 0)
        return NULL;
    if (page->response)
        MHD_destroy_response(page->response); /* whoever still sends it has a reference */
    page->response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
    page->made_ns = http->refreshed_ns;
    if (!page->response) {
        free(text);
        return NULL;
    }
    MHD_add_response_header(page->response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            format == METRICS_OPENMETRICS ? METRICS_TYPE_OPENMETRICS : METRICS_TYPE_PROMETHEUS);
    return page->response;
}

static answer reply_page(struct http *http, struct MHD_Connection *connection)
{
    const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    double open = accept ? http_accepts(accept, "application/openmetrics-text") : 0;
    bool better = open > 0 && open >= http_accepts(accept, "text/plain");
    struct MHD_Response *response = page_of(http, better ? METRICS_OPENMETRICS : METRICS_PROMETHEUS);

    if (!response)
        return reply(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain", "no memory\n");
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
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
    if (*upload_size) { /* the body, if it has one, is of no interest */
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(url, "/metrics"))
        return reply(connection, MHD_HTTP_NOT_FOUND, "text/plain", "the metrics are at /metrics\n");
    return reply_page(userdata, connection);
}

/* The one that has waited longest for a request to arrive, or NULL. *ret_n is how many there are. */
static struct connection *oldest_of(struct http *http, size_t *ret_n)
{
    struct connection *oldest = NULL;

    *ret_n = 0;
    for (size_t i = 0; i < sizeof(http->connections) / sizeof(http->connections[0]); i++) {
        struct connection *c = &http->connections[i];

        if (!c->since_ns)
            continue;
        ++*ret_n;
        if (!oldest || c->since_ns < oldest->since_ns)
            oldest = c;
    }
    return oldest;
}

/* libmicrohttpd sees that its peer is gone, and closes it. */
static void hang_up(struct connection *connection)
{
    shutdown(connection->fd, SHUT_RDWR);
    connection->since_ns = 0;
}

/* libmicrohttpd closes a connection on which nothing happens; one on which a little happens now and then is up to us.
 */
static void hang_up_slow(struct http *http)
{
    struct connection *oldest;
    size_t n;

    while ((oldest = oldest_of(http, &n)) != NULL && clock_now_ns() - oldest->since_ns >= REQUEST_NS)
        hang_up(oldest);
}

static void on_connection(void *userdata, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode what)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct http *http = userdata;
    struct connection *oldest, *c = *slot;
    size_t n;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (c)
            *c = (struct connection){0};
        return;
    }
    oldest = oldest_of(http, &n);
    if (n >= MOST_CONNECTIONS)
        hang_up(oldest);
    for (size_t i = 0; info && i < sizeof(http->connections) / sizeof(http->connections[0]); i++) {
        c = &http->connections[i];
        if (c->since_ns || c->fd)
            continue;
        *c = (struct connection){.fd = info->connect_fd, .since_ns = clock_now_ns()};
        *slot = c;
        return;
    }
}

/* The next request on the connection has its time. */
static void on_answered(void *userdata, struct MHD_Connection *connection, void **request,
                        enum MHD_RequestTerminationCode how)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *c = info ? info->socket_context : NULL;

    (void)userdata, (void)request;
    if (c && c->since_ns && how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        c->since_ns = clock_now_ns();
}

/* Serves what is there, and comes back when a connection has to be looked after. */
static void serve(struct loop_source *source, int value, void *userdata)
{
    struct http *http = userdata;
    MHD_UNSIGNED_LONG_LONG ms;
    uint64_t wait_ns = 0;
    struct connection *oldest;
    size_t n;

    (void)source, (void)value;
    hang_up_slow(http);
    MHD_run(http->daemon);
    if (MHD_get_timeout(http->daemon, &ms) == MHD_YES)
        wait_ns = (uint64_t)ms * 1000000;
    oldest = oldest_of(http, &n);
    if (oldest && (!wait_ns || wait_ns > REQUEST_NS / 10))
        wait_ns = REQUEST_NS / 10;
    if (wait_ns || oldest)
        loop_set_timer(http->timer, wait_ns, 0);
}

/* A listening socket, with the errno that libmicrohttpd's own would not tell. */
static int listen_on(const char *address, uint16_t port, struct error_text *error)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    const struct sockaddr *name = is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
    int fd, one = 1, r;

    if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
        return error_set(error, -EINVAL, "metrics address %s: is not an IPv4 or IPv6 address", address);
    fd = socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_set(error, -errno, "metrics address %s: %s", address, strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)); /* so that a restart need not wait */
    if (bind(fd, name, is_v4 ? sizeof(v4) : sizeof(v6)) < 0 || listen(fd, MOST_CONNECTIONS) < 0) {
        r = -errno;
        close(fd);
        return error_set(error, r, "metrics address %s, port %u: %s%s", address, port, strerror(-r),
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
              struct error_text *error)
{
    int fd = listen_on(address, port, error), r;
    struct http *http;

    if (fd < 0)
        return fd;
    http = calloc(1, sizeof(*http));
    if (!http) {
        close(fd);
        return error_set(error, -ENOMEM, "no memory");
    }
    *http = (struct http){.metrics = metrics, .refresh = refresh, .userdata = userdata, .port = port_of(fd)};
    http->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, http, MHD_OPTION_LISTEN_SOCKET, fd,
                                    MHD_OPTION_CONNECTION_LIMIT, 2 * MOST_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                                    (unsigned int)(REQUEST_NS / 1000000000), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                    (size_t)CONNECTION_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
                                    MHD_OPTION_NOTIFY_COMPLETED, on_answered, http, MHD_OPTION_END);
    if (!http->daemon) {
        close(fd);
        free(http);
        return error_set(error, -EIO, "metrics over HTTP: libmicrohttpd does not start");
    }
    r = loop_add_fd(loop, MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, POLLIN, serve, http,
                    &http->source);
    if (r == 0)
        r = loop_add_timer(loop, 0, 0, serve, http, &http->timer);
    if (r < 0) {
        http_close(http);
        return error_set(error, r, "metrics over HTTP: %s", strerror(-r));
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
    for (size_t i = 0; i < sizeof(http->pages) / sizeof(http->pages[0]); i++)
        if (http->pages[i].response)
            MHD_destroy_response(http->pages[i].response);
    free(http);
}
