/* SPDX-License-Identifier: MIT */
/*
 * A way for lines to the host: a virtio-serial port, vsock or a Unix socket. It never waits: what cannot be written is
 * kept, and of more lines than there is room for, the oldest go. A connection that is lost, or is not there yet, is
 * tried again after 1 s, then 2 s, up to 60 s. What the host writes is ignored.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "agent/error.h"

#define CHANNEL_LINES 256u /* that are kept */

struct channel;
struct loop;

/* Checks a place, for the option table: vsock:CID:PORT, unix:PATH, or the path of a device. "" is good. */
int channel_check(const char *place, struct agent_error *error);

/*
 * @greet is called whenever a new reader may be there, and returns a line, which is sent before all others; the channel
 * frees it. NULL: none. -EINVAL, -ENOMEM; a host that is not there is no error.
 */
int channel_new(struct loop *loop, const char *place, char *(*greet)(void *userdata), void *userdata,
                struct channel **ret, struct agent_error *error);

/* Sends a line, with its newline, at once if the host takes it; the channel frees it. */
void channel_send(struct channel *channel, char *line);

/* Lines that were thrown away for lack of room. */
uint64_t channel_nr_dropped(const struct channel *channel);

/* Throws away what was not taken. NULL is fine. */
void channel_free(struct channel *channel);

#endif
