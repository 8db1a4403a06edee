/* SPDX-License-Identifier: MIT */
/* The kernel's DAMON as an administrator sees it: its files below /sys/kernel/mm/damon/admin/kdamonds, and its modules.
 */
#ifndef GUEST_DAMON_H
#define GUEST_DAMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the program as skipped when the kernel has no such files. */
void guest_damon_needed(void);
/* The first line of a file below the kdamonds, "" if it cannot be read; valid until the next call. */
const char *guest_kdamond(const char *name);
/* Checks that nothing of the library is left in the kernel and below /run. */
void guest_damon_left_nothing(void);

/* Sets up a kdamond by hand, which watches 16 MiB of physical memory and touches nothing; and takes it away again. */
void guest_foreign_start(void);
void guest_foreign_stop(void);
/* A digest of all that the kdamonds' files say. */
struct guest_digest {
    char text[64];
};
struct guest_digest guest_kdamonds_digest(void);
bool guest_digest_same(const struct guest_digest *a, const struct guest_digest *b);

/* Parameters of a module of the kernel, "reclaim" or "stat"; "", 0 and false for one that it does not have. */
const char *guest_module_get(const char *module, const char *name);
int64_t guest_module_number(const char *module, const char *name);
bool guest_module_set(const char *module, const char *name, const char *value);

#endif
