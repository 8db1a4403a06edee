/* SPDX-License-Identifier: MIT */
/* What a daemon's process needs before it does anything else. */
#ifndef AGENT_PROCESS_H
#define AGENT_PROCESS_H

/*
 * Opens /dev/null for each standard file that is closed, so that no other file gets its number and log lines with it.
 * Ignores the signals that mean nothing to a daemon and would end it. Holds SIGHUP back: one that comes before the
 * daemon can handle it would end it as well.
 */
void process_begin(void);

/* Holds SIGTERM and SIGINT back, too: from here on there is something to be put back before the end. */
void process_hold_signals(void);

/* Handlers are installed: what was held back is delivered now. */
void process_release_signals(void);

#endif
