/* SPDX-License-Identifier: MIT */
/*
 * The life of a daemon, which is the same for all: configuration, log, lock, loop, signals, metrics, watchdog, and what
 * it gives up. A daemon fills in a struct agent_program and has a main() of one line.
 *
 * SIGTERM and SIGINT end it, SIGHUP reads the configuration again: a wrong one is logged and changes nothing.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stddef.h>

#include "config.h"
#include "error.h"
#include "loop.h"
#include "metrics.h"
#include "never.h"

/* What a daemon's functions get. */
struct agent {
    const struct agent_program *program;
    const struct config *config; /* in effect */
    struct never *never;         /* scanned every few seconds */
    struct loop *loop;
    void *userdata;
};

struct agent_program {
    struct config_program config;
    const int *capabilities; /* that are kept */
    size_t nr_capabilities;
    const char *const *calls; /* system calls beside those of hardening.h, NULL-terminated, or NULL */

    /* Opens what it needs and begins; still with all privileges. An error ends the daemon with exit code 1. */
    int (*start)(struct agent *agent, struct agent_error *error);
    /* Takes over @next, all of it or nothing, but for the never-reclaim list. agent->config is still the old one. */
    int (*reload)(struct agent *agent, const struct config *next, struct agent_error *error);
    /* Optional: gives its contexts agent->never, which is another one than before or has others on it. When that fails,
     * or the rest of a configuration is refused afterwards, it is called again with the list that was in effect. */
    int (*apply_never)(struct agent *agent, struct agent_error *error);
    /* Adds its samples to a page that has those of the daemon itself. */
    void (*metrics)(struct agent *agent, struct metrics *metrics);
    /* One line of how it is, for `systemctl status`. */
    void (*status)(struct agent *agent, char *buf, size_t size);
    /* Puts everything back. Also called when start() has failed. What cannot be put back it logs, and with a negative
     * errno for it the exit code is 1. */
    int (*stop)(struct agent *agent);
};

/* Runs it; the result is main()'s: 0 after a signal, 1 failed, 2 wrong configuration or usage. */
int agent_main(const struct agent_program *program, int argc, char **argv, void *userdata);

/* Ends it from inside, with a message in the log. */
void agent_fatal(struct agent *agent, const struct agent_error *error);

#endif
