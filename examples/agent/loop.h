/* SPDX-License-Identifier: MIT */
/*
 * The daemon's event loop, based on libuv. A source stays in it until it is removed or the loop is freed. Callbacks may
 * remove any source, also their own, and may stop the loop.
 */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct damon_reclaim;
struct loop;
struct loop_source;

/* The callback of a source. @value: the events of poll(2) for a file, the number of a signal, the pid of a process,
 * else 0. */
typedef void loop_callback(struct loop_source *source, int value, void *userdata);

int loop_new(struct loop **ret);
void loop_free(struct loop *loop); /* frees all sources, too */

/* Waits and calls callbacks until loop_stop(). Returns the argument of loop_stop(), or a negative errno if the loop
 * fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int result);

/*
 * Add a source; @ret may be NULL. The caller owns files, and must remove their sources before it closes them. Return 0,
 * -ENOMEM, -EBADF, -EEXIST (the file is in the loop already), -EPERM (the file cannot be polled), -ESRCH (no such
 * process).
 */
int loop_add_fd(struct loop *loop, int fd, short events, loop_callback *call, void *userdata, struct loop_source **ret);
int loop_add_signal(struct loop *loop, int signal, loop_callback *call, void *userdata, struct loop_source **ret);

/* Calls every @interval_ns, for the first time after @first_ns. With @interval_ns 0 it calls once. If the loop is late,
 * calls are skipped. Times are rounded to whole ms, at least 1. */
int loop_add_timer(struct loop *loop, uint64_t first_ns, uint64_t interval_ns, loop_callback *call, void *userdata,
                   struct loop_source **ret);
/* Sets a timer again, even if it has expired for the last time. */
void loop_set_timer(struct loop_source *source, uint64_t first_ns, uint64_t interval_ns);

/* Calls once, when the process has exited. */
int loop_add_process(struct loop *loop, pid_t pid, loop_callback *call, void *userdata, struct loop_source **ret);

/* Dispatches a context. The source holds a reference to it. Each time that damon_reclaim_dispatch() returns an error,
 * @call gets it. */
int loop_add_context(struct loop *loop, struct damon_reclaim *ctx, loop_callback *call, void *userdata,
                     struct loop_source **ret);

/* Removes a source, which may be NULL. Its callback is not called any more. Returns NULL. */
struct loop_source *loop_remove(struct loop_source *source);

#endif
