/* SPDX-License-Identifier: MIT */
#include "base/findings.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 2, 0))) static void add_v(struct drcl_findings *findings, const char *format, va_list ap)
{
    size_t room = findings->text && findings->len < findings->size ? findings->size - findings->len : 0;
    int n;

    if (room < 2)
        return;
    n = vsnprintf(findings->text + findings->len, room, format, ap);
    if (n > 0)
        findings->len += (size_t)n < room ? (size_t)n : room - 1;
}

void drcl_findings_add(struct drcl_findings *findings, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    add_v(findings, format, ap);
    va_end(ap);
}

void drcl_findings_missing(struct drcl_findings *findings, const char *feature, const char *format, ...)
{
    va_list ap;

    drcl_findings_add(findings, "missing %s: ", feature);
    va_start(ap, format);
    add_v(findings, format, ap);
    va_end(ap);
    drcl_findings_add(findings, "\n");
}
