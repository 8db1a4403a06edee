/* SPDX-License-Identifier: MIT */
/* The fake kernel's memory: what processes map, and the page frames behind it. */
#ifndef FAKE_MEMORY_H
#define FAKE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sys/frames.h"
#include "sys/kpageflags.h"
#include "sys/pagemap.h"

#ifndef FAKE_FRAMES
#define FAKE_FRAMES 32768
#endif
#define FAKE_PROCESSES  8
#define FAKE_AREAS      8
#define FAKE_ZERO_FRAME 1
#define PAGE            DRCL_PAGE_SIZE
#define HUGE_PAGE       (512 * PAGE)
#define MIB             (256 * PAGE)

struct fake;

/* What a mapping is made of. */
enum fake_kind {
    FAKE_NONE,   /* no page yet */
    FAKE_SMALL,  /* anonymous small pages, their frames in descending order */
    FAKE_SPREAD, /* the same, their frames far apart */
    FAKE_HUGE,   /* huge pages */
    FAKE_MEDIUM, /* large pages of 16 pages */
    FAKE_HUGETLB,
    FAKE_ZERO, /* the shared zero page everywhere */
    FAKE_FILE  /* clean pages of a file */
};

struct fake_area {
    uint64_t start;
    size_t pages;
    uint64_t *entries; /* as in pagemap */
    bool locked;       /* advice fails with EINVAL */
};

struct fake_process {
    pid_t pid;
    const char *cgroup; /* NULL: the root */
    const char *comm;   /* NULL: "fake" */
    bool exited;
    int generation; /* grows with each exec */
    struct fake_area areas[FAKE_AREAS];
    size_t nr_areas;
};

struct fake_frame {
    uint32_t flags; /* as in kpageflags */
    uint64_t memcg; /* of the head: the inode number of the cgroup */
    bool gone;      /* will be free at the end of the call */
    bool swapped;   /* will be in the swap cache at the end of the call */
    bool idle;
    bool accessed; /* the accessed bit of the hardware */
};

/* A new process; one that has not exited, by its number, or NULL. */
struct fake_process *fake_process(struct fake *f, pid_t pid);
struct fake_process *fake_process_of(struct fake *f, pid_t pid);
struct fake_area *fake_map(struct fake *f, struct fake_process *p, uint64_t start, size_t pages, enum fake_kind kind);
/* Takes all mappings away, as an exec does; fake_exec() also makes open files of /proc refer to the past. */
void fake_unmap_all(struct fake_process *p);
void fake_exec(struct fake_process *p);

/* The pagemap entry of an address; where nothing is mapped, fake_entry() fails the test and fake_entry_at() is NULL. */
uint64_t *fake_entry(struct fake_process *p, uint64_t addr);
uint64_t *fake_entry_at(struct fake_process *p, uint64_t addr);
struct fake_area *fake_area_of(struct fake_process *p, uint64_t addr);
/* The frame of an address, or of its large page's head; the physical address of the frame itself. */
struct fake_frame *fake_head(struct fake *f, struct fake_process *p, uint64_t addr);
uint64_t fake_physical(struct fake_process *p, uint64_t addr);
/* The number of the head of the large page that has the frame, and how many pages that has. */
size_t fake_head_of(const struct fake *f, uint64_t pfn);
size_t fake_pages_of(const struct fake *f, size_t head);

/* Accesses a page; the first access makes it. */
void fake_touch(struct fake *f, struct fake_process *p, uint64_t addr);
/* Adds flags to the pages of a range; charges them to a cgroup; makes them shared with somebody. */
void fake_flag(struct fake *f, struct fake_process *p, uint64_t addr, size_t pages, uint32_t flags);
void fake_charge(struct fake *f, struct fake_process *p, uint64_t addr, size_t pages, uint64_t memcg);
void fake_share(struct fake_process *p, uint64_t addr, size_t pages);
/* How many pages of a range are in memory. */
size_t fake_resident(struct fake_process *p, uint64_t addr, size_t pages);

/* Pages of a file that nobody maps: returns the first frame. How many of them are still in memory. */
size_t fake_cache(struct fake *f, size_t pages, uint64_t memcg);
size_t fake_cached(const struct fake *f, size_t first, size_t pages);
/* Swap on a disk: the writes that were begun have ended; a process has a page of the swap cache back; how many bytes of
 * a cgroup (of all, if that is 0) are in the swap cache. */
void fake_disk_written(struct fake *f);
void fake_swap_in(struct fake *f, struct fake_process *p, uint64_t addr, size_t frame);
uint64_t fake_swapcached(const struct fake *f, uint64_t memcg);
/* Takes up to @bytes of pages that are in the swap cache and written; returns what is missing. */
uint64_t fake_free_swapcached(struct fake *f, uint64_t memcg, uint64_t bytes);
/* The frame goes at the end of the call: into the swap cache if it is @swapped, else it becomes free. */
void fake_goes(struct fake *f, size_t pfn, bool swapped);
/* The end of the call: does that. */
void fake_free_gone(struct fake *f);

#endif
