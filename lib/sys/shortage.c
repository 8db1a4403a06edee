/* SPDX-License-Identifier: MIT */
#include "sys/shortage.h"

#include "sys/meminfo.h"
#include "sys/psi.h"

void drcl_shortage_find(struct drcl_env *env, struct drcl_findings *findings)
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
