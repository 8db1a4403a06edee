/* SPDX-License-Identifier: MIT */
/*
 * Notes in a file which process is being read. If the daemon is killed meanwhile, for example by the watchdog because
 * the process keeps it waiting, the next one finds the note and leaves that process alone.
 */
#ifndef AGENT_READING_NOTE_H
#define AGENT_READING_NOTE_H

#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

struct reading_note {
    char *path;
    struct reading_note_text *text; /* NULL: nothing is noted */
};

/* Opens the file. *ret_pid and *ret_start are what an earlier daemon noted last, 0 if it had finished. */
int reading_note_open(struct reading_note *note, const char *path, pid_t *ret_pid, uint64_t *ret_start,
                      struct error_text *error);
/* Removes the file. */
void reading_note_close(struct reading_note *note);

/* Costs next to nothing. @pid 0: no process is being read any more. */
void reading_note_set(struct reading_note *note, pid_t pid, uint64_t start);

#endif
