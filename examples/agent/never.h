/* SPDX-License-Identifier: MIT */
/* The list of what is never reclaimed: [never] pids, commands, cgroups and ranges, as the library's exclusions. */
#ifndef AGENT_NEVER_H
#define AGENT_NEVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config.h"

struct damon_reclaim;
struct damon_reclaim_exclusion;
struct never;

/* Checks of one item, for the option table. */
int never_check_pid(const char *item, struct agent_error *error);
int never_check_range(const char *item, struct agent_error *error); /* START-END in bytes, 0x as well */

/* Takes the list of a configuration, whose texts it copies. @root stands before /proc, "" but in tests. */
int never_new(const struct config *config, const char *root, struct never **ret, struct agent_error *error);
void never_free(struct never *never);

/* Looks for the processes of the commands, which come and go. 0, or 1 if others are on the list than before. */
int never_scan(struct never *never, struct agent_error *error);

/* Whether a process is on the list by its pid or command. */
bool never_has_pid(const struct never *never, pid_t pid);

/* The list as it is, valid until the next scan; and to a context, as damon_reclaim_set_exclusions(). A cgroup that does
 * not exist (yet) is left out with a warning in the log. */
size_t never_exclusions(const struct never *never, const struct damon_reclaim_exclusion **ret);
int never_apply(const struct never *never, struct damon_reclaim *ctx, struct agent_error *error);

/* The same without the processes that @is_target says are targets of the context, which the library does not exclude.
 * Their daemon is about to remove them. */
int never_apply_except(const struct never *never, struct damon_reclaim *ctx,
                       bool (*is_target)(pid_t pid, const void *userdata), const void *userdata,
                       struct agent_error *error);

#endif
