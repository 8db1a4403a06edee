/* SPDX-License-Identifier: MIT */
/*
 * Finds the mappings of a virtual machine monitor that are the memory of its guest: those that it was told to make, one
 * by one. A piece is found if just as many mappings have its size and are of its kind as the command line has such
 * pieces. A piece may consist of several mappings side by side, because mbind() and madvise() split them.
 *
 * What is not certain is not taken, and `note` says what and why.
 */
#ifndef HOST_GUEST_RAM_H
#define HOST_GUEST_RAM_H

#include <damon_reclaim/damon_reclaim.h>

#include "mappings.h"
#include "told.h"

#define HOST_RAM_MAX_RANGES 64

struct host_ram {
    struct damon_reclaim_range ranges[HOST_RAM_MAX_RANGES]; /* in ascending order, without overlap */
    enum host_ram_kind kinds[HOST_RAM_MAX_RANGES];
    size_t n;
    uint64_t bytes; /* total size */
    enum host_ram_kind kind;
    char note[240]; /* what of the guest's memory is not taken, and why; "" if all of it is */
    bool pinned;    /* none of it can be reclaimed: a device or an encrypted guest has it pinned */
};

/* Finds the guest's memory. Returns 0 (perhaps without ranges), -ENOENT (there is nothing that could be it, or not yet)
 * or -ENOMEM. */
int host_guest_ram(const struct host_mapping *mappings, size_t n, const struct host_told *told, struct host_ram *ret);
/* Takes the ranges out that @drop has. */
void host_ram_drop(struct host_ram *ram, const bool drop[HOST_RAM_MAX_RANGES]);
bool host_ram_same(const struct host_ram *a, const struct host_ram *b);
const char *host_ram_kind_name(enum host_ram_kind kind);

#endif
