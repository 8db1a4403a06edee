/* SPDX-License-Identifier: MIT */
#include "counted.h"

#include <stdlib.h>
#include <string.h>

#include "suite.h"

/* In front of each block, as large as alignment needs. */
union header {
    size_t bytes;
    max_align_t align;
};

/* Through a pointer, so that the compiler does not find it useless to write into what is freed. */
static void *(*volatile poison)(void *, int, size_t) = memset;

static void release(union header *block)
{
    poison(block, 0xa5, sizeof(*block) + block->bytes);
    free(block);
}

static void *counted_realloc(void *data, void *ptr, size_t bytes)
{
    struct counted *counted = data;
    union header *old = ptr ? (union header *)ptr - 1 : NULL, *new;
    size_t old_bytes = old ? old->bytes : 0;

    expect(bytes > 0);
    if (++counted->nr_calls == counted->fail_at)
        return NULL;
    new = malloc(sizeof(*new) + bytes);
    expect(new != NULL);
    if (old) {
        memcpy(new + 1, ptr, old_bytes < bytes ? old_bytes : bytes);
        release(old);
    }
    new->bytes = bytes;
    counted->nr_blocks += !old;
    counted->live += bytes - old_bytes;
    if (counted->live > counted->peak)
        counted->peak = counted->live;
    return new + 1;
}

static void counted_free(void *data, void *ptr)
{
    struct counted *counted = data;
    union header *block = (union header *)ptr - 1;

    expect(ptr != NULL);
    counted->nr_blocks--;
    counted->live -= block->bytes;
    release(block);
}

struct damon_reclaim_allocator counted_allocator(struct counted *counted)
{
    return (struct damon_reclaim_allocator){sizeof(struct damon_reclaim_allocator), counted_realloc, counted_free,
                                            counted};
}
