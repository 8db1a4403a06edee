/* SPDX-License-Identifier: MIT */
/*
 * The files of the kernel's DAMON. Paths are below /sys/kernel/mm/damon/admin/kdamonds; this is the only place that
 * knows where that is. Everything is text of one line.
 */
#ifndef DRCL_DAMON_SYSFS_H
#define DRCL_DAMON_SYSFS_H

#include <stdio.h>

#include "base/env.h"

#define DRCL_DAMON_DIR     "/sys/kernel/mm/damon/admin/kdamonds"
#define DRCL_DAMON_CONTEXT "0/contexts/0"
#define DRCL_DAMON_SCHEME  DRCL_DAMON_CONTEXT "/schemes/%zu"
#define DRCL_DAMON_VALUE   4096 /* bytes of a value, with its NUL: a path of a cgroup is the longest */

/* The name of a file from the arguments behind @format, as a variable of a function that has them. Those of DAMON are a
 * quarter as long. */
#define DRCL_DAMON_NAME(name, format)                                                                                  \
    char name[256];                                                                                                    \
    do {                                                                                                               \
        va_list ap_;                                                                                                   \
        va_start(ap_, format);                                                                                         \
        vsnprintf(name, sizeof(name), format, ap_);                                                                    \
        va_end(ap_);                                                                                                   \
    } while (0)

bool drcl_damon_exists(struct drcl_env *env, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Reads a line, without its newline, or a number. A negative errno, without text; -EIO for what is not a number. */
int drcl_damon_read(struct drcl_env *env, char value[DRCL_DAMON_VALUE], const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int drcl_damon_read_u64(struct drcl_env *env, uint64_t *ret, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Writes a line. A negative errno, without text. EBUSY, which a concurrent writer makes, is tried again for a while. */
int drcl_damon_write(struct drcl_env *env, const char *value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether a module of the kernel that uses DAMON for itself is at work: 1, 0 (also if there is none) or a negative
 * errno. */
int drcl_damon_module_on(struct drcl_env *env, const char *module);
/* Switches such a module, and looks whether it obeyed. */
int drcl_damon_module_switch(struct drcl_env *env, const char *module, bool on);

#endif
