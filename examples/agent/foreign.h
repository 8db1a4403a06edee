/* SPDX-License-Identifier: MIT */
/*
 * Reads the files of other processes in /proc, and reclaims their memory, without ever waiting long for them.
 *
 * The kernel reads cmdline, environ, maps, smaps, pagemap and the like under a lock of the process itself, and
 * process_madvise(2) takes it, too. A process can hold that lock for as long as it likes, for example while it maps a
 * file of its own FUSE server that never answers. Some of these waits not even SIGKILL ends. So:
 *
 * - Only for trusted processes, which are those of root and of the users that the administrator names, the daemon makes
 *   such a call itself.
 * - For all others, a helper process makes it (helper.h) and has FOREIGN_MS to return. A process that takes longer is
 *   left alone for a while (left_alone.h): for it, each call fails with -EACCES.
 * - The process is noted before each call (reading_note.h).
 *
 * There is one of it in a program, as there is one log.
 */
#ifndef AGENT_FOREIGN_H
#define AGENT_FOREIGN_H

#include <damon_reclaim/damon_reclaim.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

#define FOREIGN_MS        2000 /* for reading */
#define FOREIGN_ADVISE_MS 5000 /* for process_madvise(), which writes to swap */

/* Begins. @root is the directory above /proc: "", except in tests. @note is the path for the note, or NULL; a note that
 * cannot be opened is logged. @warn gets lines for the log. */
int foreign_begin(const char *root, const char *note, void (*warn)(const char *text), struct error_text *error);
/* Trusts processes of these users, given by name or number. */
int foreign_trust(const char *const *users, size_t n, bool may_be_missing, struct error_text *error);
void foreign_end(void);

/* Whether the process is trusted now. */
bool foreign_is_trusted(pid_t pid);

/* Like file_read(), also for a path of a process below the root. Without foreign_begin() it is file_read(). */
int foreign_read(const char *path, char **ret, size_t *ret_len);

/* Reads at most the first @size - 1 bytes, and puts a NUL behind them. Returns their number, or a negative errno. */
int foreign_read_begin(const char *path, char *buf, size_t size);

/* For damon_reclaim_config; NULL without foreign_begin(). */
const struct damon_reclaim_system_ops *foreign_system_ops(void);

#endif
