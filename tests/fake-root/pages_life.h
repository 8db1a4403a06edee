/* SPDX-License-Identifier: MIT */
/* What tests share of a backend's operations: a fake kernel with two processes, the backend idle-page with a target,
 * and a request to reclaim. The target is a process or physical memory. */
#ifndef PAGES_LIFE_H
#define PAGES_LIFE_H

#include "life.h"

#define BASE  UINT64_C(0x7f0000000000)
#define OTHER UINT64_C(0x560000000000)
#define END   (FAKE_FRAMES * PAGE) /* of physical memory */

/* A test that runs for each of @nr cases on each kind of target, between begin() and end(). In it, TARGET and CASE say
 * which. */
enum target { A_PROCESS, PHYSICAL_MEMORY, NR_TARGETS };
#define TARGET                           (_i % NR_TARGETS)
#define CASE                             (_i / NR_TARGETS)
#define TEST_FOR_TARGETS(name)           TEST_CASES_FOR_TARGETS(name, 1)
#define TEST_CASES_FOR_TARGETS(name, nr) TEST_BETWEEN(name, (nr)*NR_TARGETS, begin_case, end)
/* A test of one kind alone; in TEST_CASES_OF, _i says which case. */
#define TEST_OF(target, name)           TEST_CASES_OF(target, name, 1)
#define TEST_CASES_OF(target, name, nr) TEST_BETWEEN(name, nr, begin_##target, end)

extern struct fake_process *p, *q; /* 4242, which is the target if that is a process, and 4343 */
extern const struct damon_reclaim_backend_ops *ops;
extern void *backend;
extern struct damon_reclaim_request request;
extern struct damon_reclaim_result result;

/* The fixture; the target is number 1. The request is for all of it that begin() has been told of, marked. */
void begin(enum target target);
void begin_case(int i);
void begin_A_PROCESS(int i);
void begin_PHYSICAL_MEMORY(int i);
void end(void);

/* Makes the request one for pages from BASE on; or, if physical memory is the target, for all of it. */
void request_pages(uint64_t first, uint64_t n);
/* Marks all memory of the target. */
void mark(void);
/* Sends the request; reclaim() fails the test if it fails, or if advice was for a part of a huge page. */
int try_reclaim(void);
void reclaim(void);
void mark_and_reclaim(void);

/* Sampling: watches the addresses; '1' in @expected for each that was accessed since. */
void prepare(const uint64_t *addrs, size_t n);
void expect_accessed(const uint64_t *addrs, size_t n, const char *expected);

/* What the result says, in pages. */
#define EXPECT(member, pages) ck_assert_uint_eq(result.member, (uint64_t)(pages)*PAGE)

#endif
