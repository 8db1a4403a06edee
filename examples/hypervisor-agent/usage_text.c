/* SPDX-License-Identifier: MIT */
#include "usage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool in_ranges(uint64_t addr, const struct damon_reclaim_range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (addr >= ranges[i].start && addr < ranges[i].end)
            return true;
    return false;
}

/* "VmFlags: rd wr sh mr mw me ms de ht sd ": two letters for each. */
static bool is_hugetlb(const char *line)
{
    return !strncmp(line, "VmFlags:", 8) && strstr(line, " ht");
}

void host_parse_smaps(char *text, const struct damon_reclaim_range *ranges, size_t n, struct host_smaps *ret)
{
    uint64_t start = 0, end = 0, kib;
    bool inside = false;
    char *line;

    *ret = (struct host_smaps){0};
    /* The text is parsed line by line, because sscanf() searches the end of its text each time. */
    while ((line = strsep(&text, "\n")) != NULL) {
        if (inside && sscanf(line, "Rss: %" SCNu64, &kib) == 1)
            ret->resident += kib * 1024;
        else if (inside && is_hugetlb(line))
            ret->hugetlb += end - start;
        else if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2)
            inside = in_ranges(start, ranges, n);
    }
}

int host_parse_pressure(const char *text, uint64_t *ret_us)
{
    const char *total = strncmp(text, "some ", 5) ? NULL : strstr(text, " total=");

    return total && sscanf(total, " total=%" SCNu64, ret_us) == 1 ? 0 : -EINVAL;
}
