/* SPDX-License-Identifier: MIT */
/* The never-reclaim list: [never] pids, commands, cgroups and ranges, as exclusions for the library. */
#ifndef AGENT_NEVER_H
#define AGENT_NEVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/config.h"

struct damon_reclaim;
struct damon_reclaim_exclusion;
struct never;

/* Check one item, for the table of options. */
int never_check_pid(const char *item, struct error_text *error);
int never_check_range(const char *item, struct error_text *error); /* START-END, as in 0x1000-1GiB */

/* Makes the list of a configuration, and copies its texts. @root is the directory above /proc: "", except in tests. */
int never_new(const struct config *config, const char *root, struct never **ret, struct error_text *error);
void never_free(struct never *never);

/* Whether a process is on the list by its pid, or by the command that it runs now; also if that cannot be found out. */
bool never_has_pid(const struct never *never, pid_t pid);

/* The list, which is valid as long as @never. The second function applies it to a context, like
 * damon_reclaim_set_exclusions(). */
size_t never_exclusions(const struct never *never, const struct damon_reclaim_exclusion **ret);
int never_apply(const struct never *never, struct damon_reclaim *ctx, struct error_text *error);

/* The same, but without processes that are targets of the context according to @is_target, because the library does not
 * exclude targets. Their daemon will remove them soon. */
int never_apply_except(const struct never *never, struct damon_reclaim *ctx,
                       bool (*is_target)(pid_t pid, const void *userdata), const void *userdata,
                       struct error_text *error);

#endif
