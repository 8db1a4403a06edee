/* SPDX-License-Identifier: MIT */
/* What a process maps, from end to end, in pieces that take a fraction of a millisecond each. */
#ifndef DRCL_IDLE_PROCESS_SCAN_H
#define DRCL_IDLE_PROCESS_SCAN_H

#include "base/env.h"
#include "sys/maps.h"
#include "sys/pagemap.h"

#define DRCL_PROCESS_SCAN_ENTRIES 2048

struct drcl_process_scan {
    struct drcl_env *env;
    pid_t pid; /* 0: none is open */
    int pidfd;
    struct drcl_maps maps;
    struct drcl_pagemap pagemap;
    bool no_skip;               /* the kernel cannot skip what is absent */
    uint64_t addr, end, window; /* of the mapping: the rest, and how much of it is looked at next */
    char text[4096];
    uint64_t entries[DRCL_PROCESS_SCAN_ENTRIES]; /* as in pagemap */
};

void drcl_process_scan_init(struct drcl_process_scan *scan, struct drcl_env *env);

/* 1; 0 when the process has no memory: it has exited, or is a kernel thread; or a negative errno. */
int drcl_process_scan_open(struct drcl_process_scan *scan, pid_t pid);
void drcl_process_scan_close(struct drcl_process_scan *scan); /* also when none is open */

/* The next piece: 1 with *ret_n entries, or none, of the pages from *ret_addr on; 0 at the end; or a negative errno. */
int drcl_process_scan_next(struct drcl_process_scan *scan, uint64_t *ret_addr, size_t *ret_n);

#endif
