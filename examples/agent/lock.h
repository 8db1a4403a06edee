/* SPDX-License-Identifier: MIT */
/* The lock against a second instance: a file with the pid, locked (flock) as long as the process lives. */
#ifndef AGENT_LOCK_H
#define AGENT_LOCK_H

#include "common/error.h"

/*
 * Takes the lock DIRECTORY/NAME.lock. Returns the file, which must stay open, or -EWOULDBLOCK if another process holds
 * the lock; the text names its pid. The file stays when the process ends. The file of a killed process is used again.
 */
int lock_acquire(const char *directory, const char *name, struct error_text *error);
void lock_release(int fd);

#endif
