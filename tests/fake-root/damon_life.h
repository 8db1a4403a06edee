/* SPDX-License-Identifier: MIT */
/* What the tests of the backend "damon" share: a fake kernel with DAMON, and contexts on it. */
#ifndef DAMON_LIFE_H
#define DAMON_LIFE_H

#include "life.h"

#define CONTEXT "0/contexts/0/"
#define RECLAIM CONTEXT "schemes/1/" /* scheme 0 is the one with which the library monitors */

/* A test that runs for each of @nr cases on each kernel, between begin() and end(). In it, KERNEL and CASE say which.
 */
enum kernel { LINUX_6_12, LATER_LINUX, NR_KERNELS };
#define KERNEL                           (_i % NR_KERNELS)
#define CASE                             (_i / NR_KERNELS)
#define TEST_FOR_KERNELS(name)           TEST_CASES_FOR_KERNELS(name, 1)
#define TEST_CASES_FOR_KERNELS(name, nr) TEST_BETWEEN(name, (nr)*NR_KERNELS, begin_case, end)

extern struct fake_damon *damon;  /* that of f */
extern struct damon_reclaim *ctx; /* the context of the test; end() drops it */
/* Of the last damon_reclaim_new(), and what the callbacks were told last. */
extern char error[512];
extern enum damon_reclaim_state last_state;
extern enum damon_reclaim_reason last_reason;
extern uint32_t gone;

/* A kernel with 300 of 1000 MB of memory free in three ranges, with DAMON, without files about pages. */
void begin(enum kernel kernel);
void begin_case(int i);
/* Ends the context, and the kernel, in which nothing may be left of it; after remember(), it must be as it was then. */
void end(void);

int try_context(struct damon_reclaim **ret, const char *operations, uint32_t damon_flags, uint32_t flags);
/* The rest fails the test if it cannot. */
struct damon_reclaim *new_context(const char *operations, uint32_t damon_flags, uint32_t flags);
struct damon_reclaim *with_callbacks(const struct damon_reclaim_callbacks *callbacks, void *userdata);
uint32_t add_process(pid_t pid); /* to ctx */
/* Lets time pass and dispatches; warm_up() also lets the kdamond be seen at work, @times times a second long. */
void run(unsigned int seconds);
void warm_up(unsigned int times);

/* Regions that the kdamond has found. */
void add_region(uint64_t start, uint64_t end, uint32_t nr_accesses, uint32_t age);

/* What is to be true of a file; of what is left in the kernel. */
void is(const char *name, const char *value);
void nothing_left(void);
/*
 * The files below a directory that are not as the kernel has made them, a line each: "path: value". A line that begins
 * with "6.12 " or "later " is for this kernel alone; one that ends in ": *" is for any value.
 */
void tree_is(const char *dir, const char *expected);
/* Remembers all files, which somebody else has written: they must be the same at the end. */
void remember(void);

/* Writes as an administrator would. A kdamond of somebody else that runs. */
int echo(const char *value, const char *name);
void foreign_kdamond(void);
/* A program that enabled a context, and was killed, has been there. */
void leave_behind(uint32_t damon_flags);

#endif
