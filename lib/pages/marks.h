/* SPDX-License-Identifier: MIT */
/*
 * Which ranges of a target are marked: all their pages were made idle, so that any access since is seen. Whoever
 * samples must not make a marked page idle again, or an access between the mark and the sample would be forgotten.
 */
#ifndef DRCL_PAGES_MARKS_H
#define DRCL_PAGES_MARKS_H

#include "base/env.h"

struct drcl_mark {
    uint64_t start;
    uint64_t end;
    bool touched; /* a huge page that was found accessed since: sampling watches it again, reclaim leaves it alone */
};

struct drcl_marks {
    struct drcl_mark *marks; /* ascending, without overlap */
    size_t n;
    size_t capacity;
};

/* The mark that @addr lies in, or NULL. */
const struct drcl_mark *drcl_marks_find(const struct drcl_marks *marks, uint64_t addr);
/* Whether the page at @addr is to stay as it was marked. */
bool drcl_marks_hold(const struct drcl_marks *marks, uint64_t addr);
/* Takes [start, end) out of whatever is marked. False if there is no memory for it: then a little more is taken out. */
bool drcl_marks_remove(struct drcl_marks *marks, struct drcl_env *env, uint64_t start, uint64_t end);
/* Replaces what is marked in [start, end). Without memory it is left unmarked. */
void drcl_marks_put(struct drcl_marks *marks, struct drcl_env *env, uint64_t start, uint64_t end, bool touched);

/* The marked page at @addr was accessed: it must be watched again, and its mark is worth nothing any more. A huge page
 * is few samples' worth of memory and would soon be idle again by sampling, so its mark tells reclaim to leave it
 * alone; small pages around it are unlikely to be. */
void drcl_marks_touch(struct drcl_marks *marks, struct drcl_env *env, uint64_t addr, bool huge);

#endif
