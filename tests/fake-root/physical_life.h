/* SPDX-License-Identifier: MIT */
/* A target that is physical memory, and two processes: what the tests of it share. */
#ifndef PHYSICAL_LIFE_H
#define PHYSICAL_LIFE_H

#include "life.h"

#define OPS   drcl_backend_idle_page.ops
#define BASE  UINT64_C(0x7f0000000000)
#define OTHER UINT64_C(0x560000000000)
#define END   (FAKE_FRAMES * PAGE)

extern struct fake_process *p, *q;
extern void *backend;
extern struct damon_reclaim_request request; /* all of the memory, marked; a test changes what it is about */
extern struct damon_reclaim_result result;

void setup(void);
void teardown(void);
int reclaim_only(void);
void mark(void);
/* Marks and reclaims memory that nobody touches. */
void reclaim(void);

#define EXPECT(member, pages) ck_assert_uint_eq(result.member, (uint64_t)(pages)*PAGE)

#endif
