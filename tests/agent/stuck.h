/* SPDX-License-Identifier: MIT */
/* A file whose reader waits until the test ends, and which no signal ends: a FUSE server that never answers a read. */
#ifndef STUCK_H
#define STUCK_H

#include <stdbool.h>

/* Mounts it on the regular file @path. Returns false if this machine or user cannot; then the test is skipped. */
bool stuck_mount(const char *path);
/* Ends the server, so that whoever waits gets an error, and unmounts. */
void stuck_unmount(const char *path);

#endif
