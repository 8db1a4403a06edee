/* SPDX-License-Identifier: MIT */
/* The remembered pagemap entries of the 2 MiB blocks that are sampled most. Huge pages need none, so memory is taken as
 * it is needed. */
#ifndef DRCL_IDLE_ENTRIES_H
#define DRCL_IDLE_ENTRIES_H

#include "base/env.h"
#include "pages/blocks.h"

#define DRCL_NR_ENTRIES 64 /* blocks whose entries are remembered; fits drcl_block.entries */

struct drcl_entries {
    uint64_t *of[DRCL_NR_ENTRIES]; /* DRCL_HUGE_PAGES each, or NULL */
    struct drcl_block *block[DRCL_NR_ENTRIES];
    unsigned int next; /* to be given to another block */
};

/* Gives @block room for its entries, to be filled in. Another block may lose its own. NULL without memory. */
uint64_t *drcl_entries_take(struct drcl_entries *entries, struct drcl_env *env, struct drcl_block *block);
/* None of @blocks uses any entries from here on. */
void drcl_entries_release(struct drcl_entries *entries, const struct drcl_block *blocks);
void drcl_entries_free(struct drcl_entries *entries, struct drcl_env *env);

#endif
