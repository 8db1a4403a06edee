/* SPDX-License-Identifier: MIT */
/*
 * What all daemons have in common: configuration, log, lock, event loop, signals, metrics, watchdog, and dropping
 * privileges. A daemon fills in a struct agent_program, and its main() is one line.
 *
 * SIGTERM and SIGINT end the daemon. SIGHUP reloads the configuration. If it is invalid, the daemon logs why and
 * changes nothing.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stddef.h>

#include "common/config.h"
#include "common/error.h"
#include "loop.h"
#include "metrics.h"
#include "never.h"
#include "options.h"

/* The argument of a daemon's functions. */
struct agent {
    const struct agent_program *program;
    const struct config *config; /* in effect */
    struct never *never;
    struct loop *loop;
    void *userdata;
};

struct agent_program {
    struct config_program config;
    const int *capabilities; /* capabilities to keep */
    size_t nr_capabilities;

    /* Opens what the daemon needs and starts it, with all privileges. An error ends the daemon with exit code 1. */
    int (*start)(struct agent *agent, struct error_text *error);
    /* Applies @next, all or nothing, except for the never-reclaim list. agent->config is still the old configuration.
     */
    int (*reload)(struct agent *agent, const struct config *next, struct error_text *error);
    /* Optional: applies agent->never, a new list, to the daemon's contexts. If this fails the daemon ends. If the rest
     * of a configuration is refused afterwards, it is called again with the old list. */
    int (*apply_never)(struct agent *agent, struct error_text *error);
    /* Adds the daemon's samples to a page, which already has those of the agent. */
    void (*metrics)(struct agent *agent, struct metrics *metrics);
    /* Prints a status line for `systemctl status`. */
    void (*status)(struct agent *agent, char *buf, size_t size);
    /* Optional, asked after the start: what the daemon needs of enum hardening_need. The agent adds what its own
     * metrics and notifications need. */
    unsigned int (*needs)(const struct agent *agent);
    /* Undoes everything. It is also called when start() has failed. It logs what cannot be undone, and returns a
     * negative errno for it; the exit code is then 1. */
    int (*stop)(struct agent *agent);
};

/* Runs the daemon. Returns the exit code: 0 after a signal, 1 failed, 2 wrong configuration or usage. */
int agent_main(const struct agent_program *program, int argc, char **argv, void *userdata);

/* foreign_begin() as the configuration says: from then on, no process can keep the program waiting. agent_main() does
 * it for a daemon. @note: as there. */
int agent_begin_foreign(const struct config *config, const char *note, struct error_text *error);

/* Ends the daemon from inside, with a message in the log. */
void agent_fatal(struct agent *agent, const struct error_text *error);

#endif
