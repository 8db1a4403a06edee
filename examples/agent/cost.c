/* SPDX-License-Identifier: MIT */
#include "cost.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "foreign.h"

/* Finds a line that begins with a word, and reads the number after it, which counts units of @unit bytes. */
static bool counter(const char *text, const char *word, uint64_t unit, uint64_t *ret)
{
    size_t len = strlen(word);

    for (const char *line = text; line; line = strchr(line, '\n'), line += line ? 1 : 0) {
        const char *digits = line + len;
        unsigned long long value;
        char *end;

        if (strncmp(line, word, len) || (*digits != ' ' && *digits != '\t'))
            continue;
        digits += strspn(digits, " \t");
        if (*digits < '0' || *digits > '9')
            return false;
        errno = 0;
        value = strtoull(digits, &end, 10);
        if (errno || value > UINT64_MAX / unit)
            return false;
        *ret = value * unit;
        return true;
    }
    return false;
}

static uint64_t page_size(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Adds counters of pages that the text has; returns whether it has any. */
static bool add_counters(const char *text, const char *const words[], size_t n, uint64_t *sum)
{
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        uint64_t value;

        if (counter(text, words[i], page_size(), &value)) {
            *sum = value > UINT64_MAX - *sum ? UINT64_MAX : *sum + value;
            any = true;
        }
    }
    return any;
}

/* @direct_is_unasked: whether what is asked for through memory.reclaim is never counted as direct reclaim. */
static void parse_evictions(const char *text, bool direct_is_unasked, struct cost_counters *ret)
{
    static const char *const unasked[] = {"pgsteal_kswapd", "pgsteal_khugepaged", "pgsteal_direct"};
    static const char *const swapped_out[] = {"pswpout", "zswpout"};
    uint64_t by_request = 0, all = 0, sure = 0, out = 0;
    bool separate = counter(text, "pgsteal_proactive", page_size(), &by_request);

    if (add_counters(text, unasked, 3, &all) || counter(text, "pgsteal", page_size(), &all)) {
        add_counters(text, unasked, direct_is_unasked || separate ? 3 : 2, &sure);
        ret->stolen = by_request > UINT64_MAX - all ? UINT64_MAX : all + by_request;
        ret->stolen_unasked = sure;
        ret->has_stolen = true;
    }
    ret->has_stolen_kinds = counter(text, "pgsteal_anon", page_size(), &ret->stolen_anon) &&
                            counter(text, "pgsteal_file", page_size(), &ret->stolen_file);
    ret->has_swapped_out = add_counters(text, swapped_out, 2, &out);
    ret->swapped_out = out;
}

static int parse_refaults(const char *text, struct cost_counters *ret)
{
    uint64_t page = page_size(), anon = 0, file = 0;
    bool split = counter(text, "workingset_refault_anon", page, &anon);

    split |= counter(text, "workingset_refault_file", page, &file);
    /* Before Linux 5.9 there was one counter, only for files. */
    if (!split)
        split = counter(text, "workingset_refault", page, &file);
    if (split) {
        ret->refaulted_anon = anon;
        ret->refaulted_file = file;
        ret->has_refaults = true;
    }
    if (counter(text, "pswpin", page, &ret->swapped_in))
        ret->has_swapped_in = true;
    return split || ret->has_swapped_in ? 0 : -EINVAL;
}

int cost_parse_vmstat(const char *text, struct cost_counters *ret)
{
    /* Kernels without pgsteal_proactive count here only what was reclaimed because the machine was short of memory. */
    parse_evictions(text, true, ret);
    return parse_refaults(text, ret);
}

int cost_parse_memory_stat(const char *text, struct cost_counters *ret)
{
    parse_evictions(text, false, ret);
    return parse_refaults(text, ret);
}

int cost_parse_stat(const char *text, struct cost_counters *ret)
{
    /* The name may contain any character, also parentheses. The fields begin after the last one; majflt is the tenth
     * of them. */
    const char *at = strrchr(text, ')');
    unsigned long long faults;

    if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %llu", &faults) != 1)
        return -EINVAL;
    ret->major_faults = faults * page_size();
    ret->has_major_faults = true;
    return 0;
}

int cost_parse_status(const char *text, struct cost_counters *ret)
{
    if (!counter(text, "VmSwap:", 1024, &ret->swapped))
        return -EINVAL;
    ret->has_swapped = true;
    return 0;
}

static int read_counters(const char *path, int (*parse)(const char *text, struct cost_counters *ret),
                         struct cost_counters *ret, struct error_text *error)
{
    char *text;
    int r = foreign_read(path, &text, NULL);

    if (r < 0)
        return error_set(error, r, "%s: %s", path, strerror(-r));
    r = parse(text, ret);
    free(text);
    if (r < 0)
        return error_set(error, r, "%s: has none of the counters of refaults", path);
    return 0;
}

int cost_read_system(const char *root, struct cost_counters *ret, struct error_text *error)
{
    struct cost_counters now = {0};
    char path[PATH_MAX];
    int r;

    snprintf(path, sizeof(path), "%s/proc/vmstat", root);
    r = read_counters(path, cost_parse_vmstat, &now, error);
    if (r == 0)
        *ret = now;
    return r;
}

int cost_read_cgroup(const char *root, const char *cgroup, struct cost_counters *ret, struct error_text *error)
{
    struct cost_counters now = {0};
    char path[PATH_MAX];
    int r;

    if (snprintf(path, sizeof(path), "%s/sys/fs/cgroup/%s/memory.stat", root, cgroup + (*cgroup == '/')) >=
        (int)sizeof(path))
        return error_set(error, -ENAMETOOLONG, "%s: the name of the cgroup is too long", cgroup);
    r = read_counters(path, cost_parse_memory_stat, &now, error);
    if (r == 0)
        *ret = now;
    return r;
}

int cost_read_process(const char *root, pid_t pid, struct cost_counters *ret, struct error_text *error)
{
    struct cost_counters now = {0};
    char path[PATH_MAX];
    int r;

    snprintf(path, sizeof(path), "%s/proc/%d/stat", root, (int)pid);
    r = read_counters(path, cost_parse_stat, &now, error);
    if (r < 0)
        return r;
    snprintf(path, sizeof(path), "%s/proc/%d/status", root, (int)pid);
    read_counters(path, cost_parse_status, &now, NULL); /* without it the faults are still valid */
    *ret = now;
    return 0;
}

static uint64_t more(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void find_refaulted(const struct cost_counters *last, const struct cost_counters *now, struct cost_flow *flow)
{
    /* A kernel or a swap device without shadow entries counts only swap-ins. So the larger counter is right. */
    if (now->has_refaults && last->has_refaults) {
        flow->refaulted_anon = more(now->refaulted_anon, last->refaulted_anon);
        flow->refaulted_file = more(now->refaulted_file, last->refaulted_file);
    }
    if (now->has_swapped_in && last->has_swapped_in)
        flow->refaulted_anon = larger(flow->refaulted_anon, more(now->swapped_in, last->swapped_in));
    if (now->has_major_faults && last->has_major_faults)
        flow->refaulted_anon = larger(flow->refaulted_anon, more(now->major_faults, last->major_faults));
    if (now->has_swapped && last->has_swapped)
        flow->refaulted_anon = larger(flow->refaulted_anon, more(last->swapped, now->swapped));
}

static void find_evicted(const struct cost_counters *last, const struct cost_counters *now, uint64_t reclaimed,
                         struct cost_flow *flow)
{
    uint64_t stolen = more(now->stolen, last->stolen), unasked = more(now->stolen_unasked, last->stolen_unasked);
    uint64_t anon = more(now->stolen_anon, last->stolen_anon), file = more(now->stolen_file, last->stolen_file);
    uint64_t out = more(now->swapped_out, last->swapped_out);
    bool kinds = now->has_stolen_kinds && last->has_stolen_kinds;

    if (!now->has_stolen || !last->has_stolen)
        return;
    if (!now->has_swapped_out || !last->has_swapped_out) {
        /* Nobody tells the kinds apart. */
        flow->evicted_anon = flow->evicted_file = larger(more(stolen, reclaimed), unasked);
        return;
    }
    flow->evicted_anon = smaller(kinds ? anon : stolen, more(out, reclaimed));
    if (kinds)
        flow->evicted_file = larger(more(file, reclaimed), more(unasked, anon));
    else
        flow->evicted_file = larger(more(stolen, flow->evicted_anon + reclaimed), more(unasked, out));
}

struct cost_flow cost_update(struct cost *cost, const struct cost_counters *now, uint64_t reclaimed)
{
    struct cost_flow flow = {0};

    if (cost->seen) {
        find_refaulted(&cost->last, now, &flow);
        find_evicted(&cost->last, now, reclaimed, &flow);
    }
    cost->last = *now;
    cost->seen = true;
    cost->refaulted += flow.refaulted_anon + flow.refaulted_file;
    return flow;
}
