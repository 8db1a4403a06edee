/* SPDX-License-Identifier: MIT */
/* What a daemon gives up after its start, so that a fault in it cannot be used for more than its work. */
#ifndef AGENT_HARDENING_H
#define AGENT_HARDENING_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Whether this build can drop capabilities, and filter system calls. */
bool hardening_has_capabilities(void);
bool hardening_has_seccomp(void);

/*
 * Keeps only these capabilities (CAP_...), of those that the process has, in all its sets, and sets no_new_privs:
 * nothing that it would start can gain any. -EOPNOTSUPP: built without; no_new_privs is set all the same.
 */
int hardening_keep_capabilities(const int *capabilities, size_t n, struct agent_error *error);

/*
 * Allows from now on only the system calls that the library, libuv, libmicrohttpd and libfuse make, and those named in
 * @extra (NULL-terminated, or NULL). Any other fails with EPERM and is logged by the kernel; the daemon is not killed,
 * because a killed one could not put back the kernel state that it has changed. Needs CAP_SYS_ADMIN or no_new_privs.
 */
int hardening_filter_calls(const char *const *extra, struct agent_error *error);

#endif
