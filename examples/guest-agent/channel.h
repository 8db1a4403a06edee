/* SPDX-License-Identifier: MIT */
/*
 * Sends lines to the host: over a virtio-serial port, vsock or a Unix socket. It never waits. It keeps lines that
 * cannot be written yet, and drops the oldest when there is no more room. If there is no connection, it retries after 1
 * s, 2 s, and so on up to 60 s. It ignores what the host writes.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define CHANNEL_LINES 256u /* lines that are kept */

struct channel;
struct loop;

/* Checks a place, for the table of options: vsock:CID:PORT, unix:PATH, or the path of a device. "" is valid. */
int channel_check(const char *place, struct error_text *error);

/*
 * @greet is called whenever there may be a new reader. It returns a line that is sent before all others, or NULL; the
 * channel frees it. Returns 0, -EINVAL or -ENOMEM. It is no error if the host does not listen.
 */
int channel_new(struct loop *loop, const char *place, char *(*greet)(void *userdata), void *userdata,
                struct channel **ret, struct error_text *error);

/* Sends a line, which ends with a newline: at once if the host takes it, else later. The channel frees the line. */
void channel_send(struct channel *channel, char *line);

/* The number of lines that were dropped because there was no room. */
uint64_t channel_nr_dropped(const struct channel *channel);

/* Frees the channel and drops the lines that were not sent. @channel may be NULL. */
void channel_free(struct channel *channel);

#endif
