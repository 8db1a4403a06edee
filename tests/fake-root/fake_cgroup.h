/* SPDX-License-Identifier: MIT */
/* The fake kernel's control groups: directories with inode numbers, and memory.reclaim. */
#ifndef FAKE_CGROUP_H
#define FAKE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_CGROUPS 8

struct fake;

struct fake_cgroup {
    const char *path; /* "/a/b"; "": the root */
    uint64_t inode;
    bool no_memory;    /* without the memory controller: its pages are charged to the next one above that has it */
    int reclaim_error; /* what a write to memory.reclaim returns; 0: it works */
    bool gives_others; /* memory.reclaim takes other pages than those in the swap cache */
};

struct fake_cgroup *fake_cgroup(struct fake *f, const char *path, uint64_t inode);
/* Removes one with all below it. */
void fake_cgroup_remove(struct fake *f, const char *path);
struct fake_cgroup *fake_cgroup_of(struct fake *f, const char *path); /* or NULL */

/* Opens a path below /sys/fs/cgroup: a descriptor, or a negative errno. */
int fake_cgroup_open(struct fake *f, const char *path);
/* The name of entry @i of a cgroup's directory: NULL after the last, "" for one that is to be passed over. */
const char *fake_cgroup_entry(const struct fake *f, const struct fake_cgroup *cgroup, size_t i);
/* A write to memory.reclaim. */
int fake_cgroup_reclaim(struct fake *f, const struct fake_cgroup *cgroup, const char *text);

#endif
