/* SPDX-License-Identifier: MIT */
/*
 * The daemon's event loop, on libuv. What is added to it is a source, which stays until it is removed or the loop is
 * freed. Callbacks may remove any source, their own too, and may stop the loop.
 */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct damon_reclaim;
struct loop;
struct loop_source;

/* What a source calls. @value: poll(2)'s events of an fd, the number of a signal, the pid of a process, else 0. */
typedef void loop_callback(struct loop_source *source, int value, void *userdata);

int loop_new(struct loop **ret);
void loop_free(struct loop *loop); /* with all sources */

/* Waits and calls until loop_stop(). Returns what that was told; a negative errno if the loop fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int result);

/*
 * Add a source; @ret may be NULL. Files stay the caller's and must be removed before they are closed. -ENOMEM, -EBADF,
 * -EEXIST (the loop has the file already), -EPERM (a file that cannot be polled), -ESRCH (no such process).
 */
int loop_add_fd(struct loop *loop, int fd, short events, loop_callback *call, void *userdata, struct loop_source **ret);
int loop_add_signal(struct loop *loop, int signal, loop_callback *call, void *userdata, struct loop_source **ret);

/* Called each @interval_ns, first after @first_ns; 0 as interval: once. A late loop leaves calls out. In whole ms, at
 * least 1. */
int loop_add_timer(struct loop *loop, uint64_t first_ns, uint64_t interval_ns, loop_callback *call, void *userdata,
                   struct loop_source **ret);
/* Sets a timer anew, also one that is over. */
void loop_set_timer(struct loop_source *source, uint64_t first_ns, uint64_t interval_ns);

/* Called once, when the process has ended. */
int loop_add_process(struct loop *loop, pid_t pid, loop_callback *call, void *userdata, struct loop_source **ret);

/* Dispatches a context; the source keeps a reference of it. @call is told the result of damon_reclaim_dispatch(), each
 * time that it is an error. */
int loop_add_context(struct loop *loop, struct damon_reclaim *ctx, loop_callback *call, void *userdata,
                     struct loop_source **ret);

/* Removes a source; NULL is fine. Nothing is called for it any more. Returns NULL. */
struct loop_source *loop_remove(struct loop_source *source);

#endif
