/* SPDX-License-Identifier: MIT */
/* Drops privileges after the start of a daemon, so that a bug in it cannot be used for anything but its work. */
#ifndef AGENT_HARDENING_H
#define AGENT_HARDENING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* Whether this build can drop capabilities, and filter system calls. */
bool hardening_has_capabilities(void);
bool hardening_has_seccomp(void);

/*
 * Drops all capabilities but these (CAP_...) from all sets, and sets no_new_privs, so that no child process can gain
 * any. Returns 0, or -EOPNOTSUPP if this was built without libcap-ng; no_new_privs is set even then.
 */
int hardening_keep_capabilities(const int *capabilities, size_t n, struct error_text *error);

/* What only some daemons need, or only with some options. */
enum hardening_need {
    HARDENING_UNIX = 1 << 0,   /* to connect to Unix sockets */
    HARDENING_VSOCK = 1 << 1,  /* to connect by vsock */
    HARDENING_LISTEN = 1 << 2, /* to listen for TCP */
    HARDENING_URING = 1 << 3,  /* io_uring, which is not filtered itself */
    HARDENING_UMOUNT = 1 << 4  /* to detach what is mounted, without following links */
};

/*
 * From now on allows only the system calls that the library, libuv, libmicrohttpd and libfuse make, with arguments that
 * they use, and those for @needs (a set of enum hardening_need). All others fail with EPERM, and the kernel logs them.
 * The kernel does not kill the daemon, because a killed daemon could not undo what it has changed in the kernel. Needs
 * CAP_SYS_ADMIN or no_new_privs.
 */
int hardening_filter_calls(unsigned int needs, struct error_text *error);

#endif
