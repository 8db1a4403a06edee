/* SPDX-License-Identifier: MIT */
/*
 * Which mappings of a virtual machine monitor are its guest's memory.
 *
 * It is the largest memory that the monitor maps for reading and writing, anonymous, a memfd, on tmpfs or hugetlbfs, or
 * of a file. It may lie in several pieces: mbind() and madvise() split a mapping, guests above 4 GiB have a hole, each
 * node of a NUMA guest has its own. Where the command line tells the size, pieces are taken until it is reached;
 * otherwise those that are large enough not to be a stack, an allocator's arena or a video card.
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
    struct damon_reclaim_range ranges[HOST_RAM_MAX_RANGES]; /* ascending, without overlap */
    size_t n;
    uint64_t bytes; /* in all of them */
    enum host_ram_kind kind;
    bool as_told; /* the size is what the command line says */
};

/* Finds the guest's memory. @told: its size as the command line says, 0 if it does not. 0, -ENOENT (there is nothing of
 * the kind, or not yet) or -ENOMEM. */
int host_guest_ram(const struct host_mapping *mappings, size_t n, uint64_t told, struct host_ram *ret);
bool host_ram_same(const struct host_ram *a, const struct host_ram *b);
const char *host_ram_kind_name(enum host_ram_kind kind);

#endif
