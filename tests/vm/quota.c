/* SPDX-License-Identifier: MIT */
/*
 * Limits: with the default quotas the time that reclaiming really takes stays within quota_ms a window on average, and
 * the bytes tried within quota_sz in each window; also with a small quota_sz alone.
 */
#include "guest.h"

#include <stdio.h>

#define MAX_TRIES 65536

static struct {
    uint64_t at_ns;
    uint64_t tried;
} tries[MAX_TRIES];
static size_t nr_tries;
static uint64_t most_charged;
static uint64_t last_reclaim_ns, longest_ns;

static void after(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                  const struct damon_reclaim_result *result, void *userdata)
{
    struct damon_reclaim_stats stats = guest_stats(ctx);

    (void)scheme;
    (void)region;
    (void)userdata;
    if (nr_tries < MAX_TRIES) {
        tries[nr_tries].at_ns = guest_now_ns();
        tries[nr_tries++].tried = result->tried;
    }
    if (stats.reclaim_ns - last_reclaim_ns > longest_ns)
        longest_ns = stats.reclaim_ns - last_reclaim_ns;
    last_reclaim_ns = stats.reclaim_ns;
    if (stats.charged_bytes > most_charged)
        most_charged = stats.charged_bytes;
}

/* The most bytes tried in any two seconds in a row: no more than two windows and a part of a third fall into them. */
static uint64_t most_in_two_seconds(void)
{
    uint64_t most = 0, sum = 0;

    for (size_t i = 0, first = 0; i < nr_tries; i++) {
        sum += tries[i].tried;
        while (tries[i].at_ns - tries[first].at_ns > 2000000000)
            sum -= tries[first++].tried;
        if (sum > most)
            most = sum;
    }
    return most;
}

static void limits(const char *name, unsigned int memory, uint64_t ms, uint64_t bytes)
{
    struct guest_workload w = {.total = 200 * MIB, .hot_at = 100 * MIB, .hot = 10 * MIB, .memory = memory};
    struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks), .after_reclaim = after};
    char quota_ms[32], quota_sz[32], text[64];
    struct damon_reclaim_stats stats;
    struct damon_reclaim *ctx;
    double seconds, spent_ms;
    uint64_t begin;

    printf("-- %s: quota_ms %llu, quota_sz %llu MiB\n", name, (unsigned long long)ms,
           (unsigned long long)(bytes / MIB));
    nr_tries = 0;
    most_charged = last_reclaim_ns = longest_ns = 0;
    snprintf(quota_ms, sizeof(quota_ms), "quota_ms=%llu", (unsigned long long)ms);
    snprintf(quota_sz, sizeof(quota_sz), "quota_sz=%llu", (unsigned long long)bytes);
    guest_start(&w);
    ctx = guest_context(&callbacks, NULL, "min_age=1000000", quota_ms, quota_sz, NULL);
    guest_target(ctx, &w);
    if (damon_reclaim_enable(ctx) < 0)
        printf("enable: %s\n", damon_reclaim_last_error(ctx));
    begin = guest_now_ns();
    guest_run(ctx, 20000);
    stats = guest_stats(ctx);
    seconds = (double)(guest_now_ns() - begin) / 1e9;
    spent_ms = (double)stats.reclaim_ns / 1e6 / seconds;
    printf("tried %llu MiB, reclaimed %llu MiB, %llu windows were full\n",
           (unsigned long long)(stats.bytes_reclaim_tried_regions / MIB),
           (unsigned long long)(stats.bytes_reclaimed_regions / MIB), (unsigned long long)stats.nr_quota_exceeds);
    snprintf(text, sizeof(text), "quota.%s.time", name);
    guest_measured(text, spent_ms, "ms a window");
    snprintf(text, sizeof(text), "quota.%s.most_charged", name);
    guest_measured(text, (double)most_charged / (double)MIB, "MiB");
    GUEST_CHECK(stats.bytes_reclaimed_regions > 0);
    /* A huge page cannot be left half done: the time that the last one took too long is made up for after the run. */
    snprintf(text, sizeof(text), "quota.%s.longest", name);
    guest_measured(text, (double)longest_ns / 1e6, "ms");
    GUEST_CHECK(!ms || spent_ms * seconds <= (double)ms * seconds + (double)longest_ns / 1e6);
    GUEST_CHECK(most_charged <= bytes);
    GUEST_CHECK(most_in_two_seconds() <= 3 * bytes);
    GUEST_CHECK(guest_intact(&w));
    damon_reclaim_unref(ctx);
    guest_stop(&w);
}

int main(void)
{
    guest_flush_tlbs();
    limits("default", GUEST_ANON, 10, 128 * MIB);
    limits("small_pages", GUEST_NO_HUGE, 10, 128 * MIB);
    limits("size", GUEST_ANON, 0, 8 * MIB);
    return guest_result();
}
