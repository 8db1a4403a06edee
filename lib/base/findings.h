/* SPDX-License-Identifier: MIT */
/* What a probe has found, line by line, in the caller's buffer. */
#ifndef DRCL_FINDINGS_H
#define DRCL_FINDINGS_H

#include <stddef.h>

struct drcl_findings {
    char *text; /* NUL-terminated, cut off if need be; NULL: nobody wants it */
    size_t size;
    size_t len;
};

void drcl_findings_add(struct drcl_findings *findings, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A feature that is not there: a line "missing FEATURE: " and why, without newline in @format. */
void drcl_findings_missing(struct drcl_findings *findings, const char *feature, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
