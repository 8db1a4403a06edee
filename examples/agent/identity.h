/* SPDX-License-Identifier: MIT */
/* Which process a pid is, and whether the daemon trusts it. */
#ifndef AGENT_IDENTITY_H
#define AGENT_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

#define IDENTITY_NOBODY ((uid_t)-1)

struct identity {
    pid_t pid;
    uint64_t start; /* ticks since boot; together with the pid it identifies a process forever */
    uid_t user;     /* the real one; IDENTITY_NOBODY if unknown */
    bool trusted;   /* all its users are trusted ones */
};

/* Users whose processes are trusted, besides root. */
struct identity_users {
    uid_t *ids;
    size_t n;
};

/* Adds users by name or number. -ENOENT: there is no such user, unless @may_be_missing. */
int identity_add_users(struct identity_users *users, const char *const *names, size_t n, bool may_be_missing,
                       struct error_text *error);
void identity_free_users(struct identity_users *users);

/* Reads who the process is whose directory in /proc is @directory. What cannot be read is unknown, and makes it one
 * that is not trusted. None of the files that this reads ever waits for the process. */
struct identity identity_read(int directory, pid_t pid, const struct identity_users *users);

#endif
