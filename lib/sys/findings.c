/* SPDX-License-Identifier: MIT */
#include "sys/findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "sys/meminfo.h"
#include "sys/psi.h"

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

void drcl_findings_add_system(struct drcl_findings *findings, struct drcl_env *env)
{
    struct drcl_meminfo info;
    uint64_t us;

    if (drcl_meminfo_read(env, &info) < 0)
        drcl_findings_add(findings, "%s\n", env->error);
    else if (!info.swap_total)
        drcl_findings_missing(findings, "swap",
                              "only the memory of files can be reclaimed; add swap, zram for example");
    else if (!info.swap_free)
        drcl_findings_missing(findings, "swap", "it is full: only the memory of files can be reclaimed");
    else
        drcl_findings_add(findings, "swap: %llu of %llu MiB free\n", (unsigned long long)(info.swap_free >> 20),
                          (unsigned long long)(info.swap_total >> 20));
    if (drcl_psi_some_us(env, &us) < 0)
        drcl_findings_missing(findings, "goal:some_mem_psi_us", "%s", env->error);
}
