/* SPDX-License-Identifier: MIT */
/* What `run` and `advise` share: a context over the memory that the options name, until the time is up, nothing is left
 * to watch, or a signal says so. */
#ifndef SESSION_H
#define SESSION_H

#include <damon_reclaim/damon_reclaim.h>

#include "exclude.h"
#include "options.h"
#include "processes.h"

struct session;

/* What a command does in it. */
struct session_command {
    void (*begin)(struct session *session); /* the context is there, and not enabled */
    void (*after_aggregation)(struct session *session);
    void (*wipe)(struct session *session); /* a line is going to be printed to stderr; or NULL */
    void (*finish)(struct session *session);
};

struct session {
    const struct options *options;
    const struct session_command *command;
    void *data; /* the command's own */
    struct damon_reclaim *ctx;
    struct exclude exclude;
    struct processes processes;
    int signals; /* signalfd */
    bool simulated;
    uint64_t next_scan_ns; /* of the context's clock, as the one below */
    uint64_t end_ns;       /* UINT64_MAX: no end */
    const char *end;       /* why it ended; NULL while it continues */
    int result;
};

/* From the command line to the exit code. */
int session_run(struct options *options, const struct session_command *command, void *data);

/* Ends it soon, for this reason; the first one counts. */
void session_end(struct session *session, const char *why, int result);

#endif
