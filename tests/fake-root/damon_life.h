/* SPDX-License-Identifier: MIT */
/* Lives of contexts on the backend "damon" and the kernel of fake_damon.h: what the tests of it share. */
#ifndef DAMON_LIFE_H
#define DAMON_LIFE_H

#include "fake_damon.h"
#include "suite.h"

#define CONTEXT "0/contexts/0/"
#define RECLAIM CONTEXT "schemes/1/" /* slot 0 is the library's monitoring scheme */
#define SEC     UINT64_C(1000000000)
#define MIB     UINT64_C(1048576)

/* Of the last damon_reclaim_new(), and what the callbacks told. */
extern char error[512];
extern enum damon_reclaim_state last_state;
extern enum damon_reclaim_reason last_reason;
extern uint32_t gone;

int try_context(struct damon_reclaim **ret, const char *operations, uint32_t damon_flags, uint32_t flags);
/* The rest fails the test if it cannot. */
struct damon_reclaim *new_context(const char *operations, uint32_t damon_flags, uint32_t flags);
void set(struct damon_reclaim *ctx, const char *name, const char *value);
uint32_t add_process(struct damon_reclaim *ctx, pid_t pid);
void enable(struct damon_reclaim *ctx);
/* Lets time pass and dispatches. */
void run(struct damon_reclaim *ctx, unsigned int seconds);
/* The same, with the kernel's thread seen at work. */
void warm_up(struct damon_reclaim *ctx);
struct damon_reclaim_stats stats_of(struct damon_reclaim *ctx);
/* What a file says, that nothing is left of us, what the last error says. */
void is(const char *name, const char *value);
void nothing_left(void);
void says(struct damon_reclaim *ctx, const char *word);
/* A kdamond of somebody else that runs. */
void foreign_kdamond(void);
/* Makes the world what a program leaves that was killed when it was like @left: directories, a thread, a record without
 * a lock. Frees @left. */
void kill_it(struct damon_fs *left);
/* The same of one that has just been enabled. */
void leave_behind(bool with_stat);

#endif
