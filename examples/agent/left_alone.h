/* SPDX-License-Identifier: MIT */
/*
 * Processes that are left alone for a while, because a call about them did not return in time or a daemon was killed
 * during it. All of it is bounded: a user of whom so many processes have failed is left alone altogether, and when the
 * list is full, all users that are not trusted are.
 */
#ifndef AGENT_LEFT_ALONE_H
#define AGENT_LEFT_ALONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "identity.h"

#define LEFT_ALONE_NS       (UINT64_C(600) * 1000000000)
#define LEFT_ALONE_MOST     16 /* also of helpers that cannot be killed */
#define LEFT_ALONE_OF_USERS 3

struct left_alone {
    struct left_alone_entry {
        struct identity who;
        uint64_t until;
        pid_t helper; /* that does not end yet, else 0; the process is left alone until it does */
    } at[LEFT_ALONE_MOST];
    size_t n;
    uint64_t checked; /* when it was last looked what is over */
};

/* Notes a failure. Returns how many minutes the process is left alone at least. */
unsigned int left_alone_add(struct left_alone *list, const struct identity *who, pid_t helper, uint64_t now);

/* Whether the process is to be left alone. */
bool left_alone_has(struct left_alone *list, const struct identity *who, uint64_t now);

#endif
