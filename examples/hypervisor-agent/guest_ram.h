/* SPDX-License-Identifier: MIT */
/*
 * Finds the mappings of a virtual machine monitor that are the memory of its guest.
 *
 * That is the largest memory that the monitor maps for reading and writing: anonymous, a memfd, on tmpfs or hugetlbfs,
 * or of a file. It may consist of several pieces, because mbind() and madvise() split mappings, guests above 4 GiB have
 * a hole, and each node of a NUMA guest has its own memory. If the command line has the size, pieces are taken until
 * the size is reached. Otherwise those pieces are taken that are too large for a stack, an allocator's arena or a video
 * card.
 */
#ifndef HOST_GUEST_RAM_H
#define HOST_GUEST_RAM_H

#include <damon_reclaim/damon_reclaim.h>

#include "mappings.h"

enum host_ram_kind {
    HOST_RAM_NONE,
    HOST_RAM_ANON,
    HOST_RAM_MEMFD,
    HOST_RAM_SHM,     /* tmpfs */
    HOST_RAM_HUGETLB, /* which the kernel does not reclaim */
    HOST_RAM_FILE
};

#define HOST_RAM_MAX_RANGES 64

struct host_ram {
    struct damon_reclaim_range ranges[HOST_RAM_MAX_RANGES]; /* in ascending order, without overlap */
    size_t n;
    uint64_t bytes; /* total size */
    enum host_ram_kind kind;
    bool as_told; /* the size is that of the command line */
};

/* Finds the guest's memory. @told: its size from the command line, or 0. Returns 0, -ENOENT (there is no such memory,
 * or not yet) or -ENOMEM. */
int host_guest_ram(const struct host_mapping *mappings, size_t n, uint64_t told, struct host_ram *ret);
bool host_ram_same(const struct host_ram *a, const struct host_ram *b);
const char *host_ram_kind_name(enum host_ram_kind kind);

#endif
