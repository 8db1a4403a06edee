/* SPDX-License-Identifier: MIT */
/* What the tests of owners share: the table that says which process maps a frame, and three processes to read. */
#ifndef RMAP_LIFE_H
#define RMAP_LIFE_H

#include "pages/owners/rmap.h"
#include "life.h"

#define BASE  UINT64_C(0x7f0000000000)
#define FIRST 100 /* the pids of the processes */
#define BOUND ((size_t)1 << 20)
#define ALL   (1024 + 64 + 32 + 16) /* pages that each of them has */

extern struct drcl_rmap *rmap;

void set_up(void);
void begin_populated(void); /* also populates */
void tear_down(void);
/* Three processes with pages of all sizes, and who is not to be read: a kernel thread and the caller. */
void populate(void);
struct fake_process *process(pid_t pid);
/* Whether an answer about the frame behind an address is that of @p, and right to the end of the run. */
bool is_found(struct fake_process *p, uint64_t addr);
/* How many of the process' pages are found. */
size_t nr_found(struct fake_process *p);
/* Wants the owners of all frames; read_all() also finds them, in one step. */
void want_all(void);
void read_all(void);
bool knows_all(void);
void check_all(void);

#endif
