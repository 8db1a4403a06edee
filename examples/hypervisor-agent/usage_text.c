/* SPDX-License-Identifier: MIT */
#include "usage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The number of the range that has the address; @n if there is none. */
static size_t range_of(uint64_t addr, const struct damon_reclaim_range *ranges, size_t n)
{
    size_t i = 0;

    while (i < n && (addr < ranges[i].start || addr >= ranges[i].end))
        i++;
    return i;
}

/* "VmFlags: rd wr sh mr mw me ms de ht sd ": two letters for each. */
static bool is_hugetlb(const char *line)
{
    return !strncmp(line, "VmFlags:", 8) && strstr(line, " ht");
}

void host_parse_smaps(char *text, const struct damon_reclaim_range *ranges, size_t n, bool *hugetlb,
                      struct host_smaps *ret)
{
    uint64_t start, end, kib;
    size_t range = n;
    char *line;

    *ret = (struct host_smaps){0};
    memset(hugetlb, 0, n * sizeof(*hugetlb));
    /* The text is parsed line by line, because sscanf() searches the end of its text each time. */
    while ((line = strsep(&text, "\n")) != NULL) {
        if (range < n && sscanf(line, "Rss: %" SCNu64, &kib) == 1)
            ret->resident += kib * 1024;
        else if (range < n && sscanf(line, "Pss: %" SCNu64, &kib) == 1)
            ret->proportional += kib * 1024;
        else if (range < n && is_hugetlb(line))
            hugetlb[range] = true;
        else if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2)
            range = range_of(start, ranges, n);
    }
}

int host_parse_pressure(const char *text, uint64_t *ret_us)
{
    const char *total = strncmp(text, "some ", 5) ? NULL : strstr(text, " total=");

    return total && sscanf(total, " total=%" SCNu64, ret_us) == 1 ? 0 : -EINVAL;
}
