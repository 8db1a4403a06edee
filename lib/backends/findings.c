/* SPDX-License-Identifier: MIT */
#include "findings.h"

#include <stdarg.h>
#include <stdio.h>

void drcl_findings_add(struct drcl_findings *findings, const char *format, ...)
{
    size_t room = findings->text && findings->len < findings->size ? findings->size - findings->len : 0;
    va_list ap;
    int n;

    if (room < 2)
        return;
    va_start(ap, format);
    n = vsnprintf(findings->text + findings->len, room, format, ap);
    va_end(ap);
    if (n > 0)
        findings->len += (size_t)n < room ? (size_t)n : room - 1;
}
