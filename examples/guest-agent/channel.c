/* SPDX-License-Identifier: MIT */
#include "channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/loop.h"
#include "place.h"

#define SECOND        UINT64_C(1000000000)
#define MOST_WAIT     (60 * SECOND)
#define MOST_RECEIVED 65536 /* of one connection; the host has nothing to say */
#define MOST_READS    16    /* bytes to read from the host before other sources are served */

struct channel {
    struct loop *loop;
    char *text; /* of the place */
    struct place place;
    char *(*greet)(void *userdata);
    void *userdata;

    int fd;           /* -1: none */
    bool pending;     /* connecting is not finished */
    bool established; /* something has been written to the connection */
    bool told;        /* the log says that there is no connection */
    short events;
    struct loop_source *source, *timer;
    uint64_t wait_ns;

    char *greeting;             /* is sent before the lines */
    char *lines[CHANNEL_LINES]; /* a ring */
    size_t first, n;
    size_t received; /* bytes from the host, of this connection */
    size_t sent;     /* bytes of the next line that are sent already */
    uint64_t nr_dropped;
};

static void on_ready(struct loop_source *source, int events, void *userdata);
static void on_timer(struct loop_source *source, int value, void *userdata);

int channel_check(const char *place, struct error_text *error)
{
    struct place parsed;

    return *place ? place_parse(place, &parsed, error) : 0;
}

/* --- the queue --------------------------------------------------------------------------------------------------- */

static char *next_line(const struct channel *channel)
{
    if (channel->greeting)
        return channel->greeting;
    return channel->n ? channel->lines[channel->first] : NULL;
}

static void remove_next(struct channel *channel)
{
    channel->sent = 0;
    if (channel->greeting) {
        free(channel->greeting);
        channel->greeting = NULL;
        return;
    }
    free(channel->lines[channel->first]);
    channel->first = (channel->first + 1) % CHANNEL_LINES;
    channel->n--;
}

/* Makes room in the queue. A line that is partly sent stays; the one behind it is dropped. */
static void drop_oldest(struct channel *channel)
{
    size_t second = (channel->first + 1) % CHANNEL_LINES;
    bool begun = !channel->greeting && channel->sent;

    free(channel->lines[begun ? second : channel->first]);
    if (begun)
        channel->lines[second] = channel->lines[channel->first];
    channel->first = second;
    channel->n--;
    channel->nr_dropped++;
}

/* --- the connection ---------------------------------------------------------------------------------------------- */

static void forget_connection(struct channel *channel)
{
    channel->source = loop_remove(channel->source);
    if (channel->fd >= 0)
        close(channel->fd);
    channel->fd = -1;
    channel->sent = 0; /* the next reader gets the whole line */
}

static const char *reason(const struct channel *channel, int r)
{
    if (r == -ENOTTY)
        return "it is not a device; a socket is named by unix:PATH";
    if (r == -ENOENT && channel->place.device)
        return "there is no such port; the machine needs a virtserialport of that name";
    if (r == -EMSGSIZE)
        return "the other end writes, though nobody reads it";
    if (r)
        return strerror(-r);
    return channel->established ? "the other end was closed" : "nobody listens at the other end";
}

/* There is no connection, or it was lost: retry later. */
static void lost(struct channel *channel, int r)
{
    if (channel->established)
        log_warning("report to %s: the connection is lost: %s", channel->place.text, reason(channel, r));
    else if (!channel->told)
        log_warning("report to %s: %s; it is retried from time to time", channel->place.text, reason(channel, r));
    channel->told = true;
    channel->wait_ns = channel->established || !channel->wait_ns ? SECOND : 2 * channel->wait_ns;
    if (channel->wait_ns > MOST_WAIT)
        channel->wait_ns = MOST_WAIT;
    channel->established = false;
    forget_connection(channel);
    loop_set_timer(channel->timer, channel->wait_ns, 0);
}

static int watch(struct channel *channel, short events)
{
    if (channel->source && channel->events == events)
        return 0;
    channel->source = loop_remove(channel->source);
    channel->events = events;
    return loop_add_fd(channel->loop, channel->fd, events, on_ready, channel, &channel->source);
}

static void established(struct channel *channel)
{
    if (channel->established)
        return;
    log_info("reports to %s", channel->place.text);
    channel->established = true;
    channel->told = false;
}

/* Writes until nothing is left (0) or the host takes no more for now (-EAGAIN). */
static int write_lines(struct channel *channel)
{
    const char *line;

    while ((line = next_line(channel)) != NULL) {
        size_t len = strlen(line);
        ssize_t n = write(channel->fd, line + channel->sent, len - channel->sent);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EAGAIN;
        established(channel);
        channel->sent += (size_t)n;
        if (channel->sent == len)
            remove_next(channel);
    }
    return 0;
}

/* Reads and ignores what the host writes, to notice when it goes. Returns 0 when there is nothing more to read, or an
 * error. */
static int skip_input(struct channel *channel)
{
    char buf[256];

    for (int i = 0; i < MOST_READS; i++) {
        ssize_t n = read(channel->fd, buf, sizeof(buf));

        if (n == 0)
            return -EPIPE;
        if (n < 0 && errno != EINTR)
            return errno == EAGAIN ? 0 : -errno;
        channel->received += n > 0 ? (size_t)n : 0;
        if (channel->received > MOST_RECEIVED)
            return -EMSGSIZE;
    }
    return 0;
}

static void go_on(struct channel *channel)
{
    int r = write_lines(channel);

    if (r == 0 || r == -EAGAIN)
        r = watch(channel, (short)(r == 0 ? POLLIN : POLLIN | POLLOUT));
    if (r < 0)
        lost(channel, r == -EPIPE ? 0 : r);
}

static void connected(struct channel *channel)
{
    free(channel->greeting);
    channel->received = 0;
    channel->pending = false;
    channel->greeting = channel->greet(channel->userdata);
    go_on(channel);
}

static void on_ready(struct loop_source *source, int events, void *userdata)
{
    struct channel *channel = userdata;
    int r;

    (void)source;
    if (channel->pending) {
        r = place_connected(channel->fd);
        if (r < 0)
            lost(channel, r);
        else
            connected(channel);
        return;
    }
    r = events & (POLLIN | POLLERR | POLLHUP) ? skip_input(channel) : 0;
    if (r < 0)
        lost(channel, r == -EPIPE ? 0 : r);
    else
        go_on(channel);
}

static void try(struct channel *channel)
{
    int fd = place_open(&channel->place, &channel->pending), r;

    if (fd < 0) {
        lost(channel, fd);
        return;
    }
    channel->fd = fd;
    if (!channel->pending) {
        connected(channel);
        return;
    }
    r = watch(channel, POLLOUT);
    if (r < 0)
        lost(channel, r);
}

static void on_timer(struct loop_source *source, int value, void *userdata)
{
    (void)source, (void)value;
    try(userdata);
}

/* ------------------------------------------------------------------------------------------------------------------ */

int channel_new(struct loop *loop, const char *place, char *(*greet)(void *userdata), void *userdata,
                struct channel **ret, struct error_text *error)
{
    struct channel *channel = calloc(1, sizeof(*channel));
    int r;

    if (!channel)
        return error_set(error, -ENOMEM, "no memory");
    *channel = (struct channel){.loop = loop, .greet = greet, .userdata = userdata, .fd = -1, .text = strdup(place)};
    r = channel->text ? place_parse(channel->text, &channel->place, error) : error_set(error, -ENOMEM, "no memory");
    if (r == 0) {
        r = loop_add_timer(loop, 1, 0, on_timer, channel, &channel->timer);
        if (r < 0)
            error_set(error, r, "no timer: %s", strerror(-r));
    }
    if (r < 0) {
        channel_free(channel);
        return r;
    }
    *ret = channel;
    return 0;
}

void channel_send(struct channel *channel, char *line)
{
    if (channel->n == CHANNEL_LINES)
        drop_oldest(channel);
    channel->lines[(channel->first + channel->n++) % CHANNEL_LINES] = line;
    if (channel->fd >= 0 && !channel->pending)
        go_on(channel);
}

uint64_t channel_nr_dropped(const struct channel *channel)
{
    return channel->nr_dropped;
}

void channel_free(struct channel *channel)
{
    if (!channel)
        return;
    forget_connection(channel);
    loop_remove(channel->timer);
    while (next_line(channel))
        remove_next(channel);
    free(channel->text);
    free(channel);
}
