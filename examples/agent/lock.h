/* SPDX-License-Identifier: MIT */
/* The lock against a second instance: a file that holds the pid, and is locked (flock) as long as the process lives. */
#ifndef AGENT_LOCK_H
#define AGENT_LOCK_H

#include "error.h"

/*
 * Takes the lock DIRECTORY/NAME.lock. Returns the file, which is to stay open; -EWOULDBLOCK if somebody has it: the
 * text names the pid. The file stays when the process ends; what a killed one has left is taken over.
 */
int lock_acquire(const char *directory, const char *name, struct agent_error *error);
void lock_release(int fd);

#endif
