/* SPDX-License-Identifier: MIT */
#include "sys/meminfo.h"

#include <errno.h>
#include <string.h>

#include "sys/scan.h"

/* "Name:   123 kB" */
static bool take(struct drcl_scan line, const char *name, uint64_t *ret_bytes)
{
    uint64_t kib;

    if (!drcl_scan_word(&line, name))
        return false;
    drcl_scan_blanks(&line);
    if (!drcl_scan_u64(&line, 10, &kib) || kib > UINT64_MAX >> 10)
        return false;
    *ret_bytes = kib << 10;
    return true;
}

int drcl_meminfo_parse(const char *text, size_t len, struct drcl_meminfo *ret)
{
    struct drcl_scan scan = {text, text + len}, line;
    struct drcl_meminfo info = {0};
    bool has_free = false;

    while (drcl_scan_line(&scan, &line)) {
        has_free |= take(line, "MemFree:", &info.free);
        take(line, "MemTotal:", &info.total);
        take(line, "SwapTotal:", &info.swap_total);
        take(line, "SwapFree:", &info.swap_free);
    }
    if (!has_free || !info.total || info.free > info.total || info.swap_free > info.swap_total)
        return -EINVAL;
    *ret = info;
    return 0;
}

int drcl_meminfo_read(struct drcl_env *env, struct drcl_meminfo *ret)
{
    char text[8192];
    ssize_t n = drcl_read_small(env, text, sizeof(text), "/proc/meminfo");

    if (n < 0)
        return drcl_error(env, (int)n, "/proc/meminfo cannot be read: %s", strerror((int)-n));
    if (drcl_meminfo_parse(text, (size_t)n, ret) < 0)
        return drcl_error(env, -EINVAL, "/proc/meminfo has no MemTotal or no MemFree");
    return 0;
}

int drcl_meminfo_free_permille(struct drcl_env *env, uint32_t *ret)
{
    struct drcl_meminfo info;
    int r = drcl_meminfo_read(env, &info);

    if (r < 0)
        return r;
    /* In pages, so that the product fits whatever the file says. */
    *ret = (uint32_t)((info.free >> 12) * 1000 / ((info.total >> 12) ? info.total >> 12 : 1));
    return 0;
}
