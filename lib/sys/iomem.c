/* SPDX-License-Identifier: MIT */
#include "sys/iomem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/grow.h"
#include "sys/scan.h"

#define MAX_FILE  (UINT64_C(16) << 20)
#define LIST_SIZE 200 /* bytes of the text that lists ranges */

/* "00100000-2ffdffff : System RAM": the last byte is part of it. What is inside of another entry is indented, and
 * memory that was plugged in may have its driver behind it: "  140000000-1bfffffff : System RAM (virtio_mem)". */
static bool parse_line(struct drcl_scan line, struct damon_reclaim_range *ret)
{
    drcl_scan_blanks(&line);
    if (!drcl_scan_u64(&line, 16, &ret->start) || !drcl_scan_char(&line, '-') || !drcl_scan_u64(&line, 16, &ret->end) ||
        !drcl_scan_word(&line, " : System RAM"))
        return false;
    if (line.at != line.end && (!drcl_scan_word(&line, " (") || line.at == line.end || line.end[-1] != ')'))
        return false;
    ret->end += ret->end < UINT64_MAX;
    return true;
}

int drcl_iomem_parse(const char *text, size_t len, struct damon_reclaim_range *ranges, size_t capacity, size_t *ret_n)
{
    struct drcl_scan scan = {text, text + len}, line;
    struct damon_reclaim_range range, last = {0, 0};
    bool hidden = false;
    size_t n = 0;

    while (drcl_scan_line(&scan, &line)) {
        if (!parse_line(line, &range))
            continue;
        if (!range.start && range.end == 1) {
            hidden = true;
            continue;
        }
        if (range.start >= range.end)
            return -EINVAL;
        if (n && range.start >= last.start && range.end <= last.end) /* a part of the one before */
            continue;
        if (range.start < last.end)
            return -EINVAL;
        if (n && range.start == last.end)
            n--;
        else
            last.start = range.start;
        last.end = range.end;
        if (n < capacity)
            ranges[n] = last;
        n++;
    }
    if (!n)
        return hidden ? -EPERM : -EINVAL;
    *ret_n = n;
    return 0;
}

int drcl_iomem_ranges(struct drcl_env *env, struct damon_reclaim_range *ranges, size_t capacity, size_t *ret_n)
{
    size_t len;
    char *text;
    int r = drcl_read_file(env, MAX_FILE, &text, &len, "/proc/iomem");

    if (r < 0)
        return drcl_error(env, r, "/proc/iomem cannot be read: %s", strerror(-r));
    r = drcl_iomem_parse(text, len, ranges, capacity, ret_n);
    drcl_free(env, text);
    if (r == -EPERM)
        return drcl_error(env, r, "/proc/iomem shows zeros instead of addresses: CAP_SYS_ADMIN is needed");
    if (r < 0)
        return drcl_error(env, r, "/proc/iomem lists no System RAM; set monitor_region_start and monitor_region_end");
    return 0;
}

int drcl_iomem_list(struct drcl_env *env, struct damon_reclaim_range **ranges, size_t *capacity, size_t *ret_n)
{
    size_t n = 0;
    int r;

    while ((r = drcl_iomem_ranges(env, *ranges, *capacity, &n)) == 0 && n > *capacity) {
        r = drcl_grow_exactly(env, ranges, capacity, n, sizeof(**ranges));
        if (r < 0)
            return drcl_error(env, r, "out of memory");
    }
    if (r == 0)
        *ret_n = n;
    return r;
}

static void describe(const struct damon_reclaim_range *ranges, size_t n, char text[LIST_SIZE])
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < n && len < LIST_SIZE - 48; i++)
        len += (size_t)snprintf(text + len, LIST_SIZE - len, "%s0x%" PRIx64 "-0x%" PRIx64, i ? ", " : "",
                                ranges[i].start, ranges[i].end);
}

static bool any_overlaps(const struct damon_reclaim_range *ranges, size_t n, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < n; i++)
        if (start < ranges[i].end && end > ranges[i].start)
            return true;
    return false;
}

int drcl_iomem_check(struct drcl_env *env, const char *what, uint64_t start, uint64_t end)
{
    struct damon_reclaim_range *ranges = NULL;
    size_t capacity = 0, n;
    struct drcl_quiet quiet;
    char text[LIST_SIZE];
    int r;

    drcl_quiet_begin(env, &quiet); /* where memory is need not be known here */
    r = drcl_iomem_list(env, &ranges, &capacity, &n);
    drcl_quiet_end(env, &quiet);
    if (r == -ENOMEM) {
        drcl_error(env, r, "%s: out of memory", what);
    } else if (r < 0 || any_overlaps(ranges, n, start, end)) {
        r = 0;
    } else {
        describe(ranges, n, text);
        r = drcl_error(env, -EINVAL,
                       "%s: there is no memory in 0x%" PRIx64 "-0x%" PRIx64 "; System RAM is at %s (bytes)", what,
                       start, end, text);
    }
    drcl_free(env, ranges);
    return r;
}
