/* SPDX-License-Identifier: MIT */
/* Putting values into files, one after the other; after the first that fails nothing more is written. */
#ifndef DRCL_DAMON_PUT_H
#define DRCL_DAMON_PUT_H

#include "drivers/damon/sysfs.h"

struct drcl_put {
    struct drcl_env *env;
    const char *what; /* what is asked for, for messages */
    int failed;       /* the first error, with its text; or 0 */
};

void drcl_put_text(struct drcl_put *put, const char *value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void drcl_put(struct drcl_put *put, uint64_t value, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A size: where the kernel's numbers are of 32 bits, the largest of these will do for one that is larger. */
void drcl_put_most(struct drcl_put *put, uint64_t value, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A file that need not be there while the value is @plain, which is what the kernel does without it. */
void drcl_put_optional(struct drcl_put *put, uint64_t value, uint64_t plain, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void drcl_put_optional_text(struct drcl_put *put, const char *value, const char *plain, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
