/* SPDX-License-Identifier: MIT */
/* All kinds of memory: what can go goes, what cannot is found out without being tried again and again. */
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/swap.h>

#define TOTAL (64 * MIB)

static struct damon_reclaim_stats stats;
static uint64_t left;

/* Watches cold memory of a kind for a while; what became of it is in `stats` and `left`. */
static void reclaim(const char *what, unsigned int memory, unsigned int ms, const char *setting)
{
    struct guest_workload w = {.total = TOTAL, .memory = memory | GUEST_BARE};
    struct damon_reclaim *ctx;

    printf("-- %s\n", what);
    guest_start(&w);
    ctx = guest_context(NULL, NULL, "min_age=1000000", "quota_ms=0", setting, NULL);
    guest_target(ctx, &w);
    GUEST_CHECK(damon_reclaim_enable(ctx) == 0);
    guest_run(ctx, ms);
    stats = guest_stats(ctx);
    left = guest_resident(w.pid, w.addr, w.total);
    printf("   tried %llu KiB, reclaimed %llu KiB, not reclaimable %llu KiB, accessed %llu KiB, left %llu KiB\n",
           (unsigned long long)stats.bytes_reclaim_tried_regions / 1024,
           (unsigned long long)stats.bytes_reclaimed_regions / 1024,
           (unsigned long long)stats.bytes_not_reclaimable / 1024, (unsigned long long)stats.bytes_accessed / 1024,
           (unsigned long long)left / 1024);
    GUEST_CHECK(guest_intact(&w));
    damon_reclaim_unref(ctx);
    guest_stop(&w);
}

static void expect_gone(void)
{
    GUEST_TIMELY(left < TOTAL / 20);
    GUEST_TIMELY(stats.bytes_reclaimed_regions >= TOTAL / 20 * 19);
    GUEST_CHECK(stats.bytes_reclaim_tried_regions * 10 <= stats.bytes_reclaimed_regions * 12);
}

static void expect_left(void)
{
    GUEST_CHECK(left == TOTAL);
    GUEST_CHECK(stats.bytes_reclaimed_regions == 0);
    GUEST_CHECK(stats.bytes_reclaim_tried_regions <= MIB);
    GUEST_CHECK(stats.bytes_not_reclaimable >= TOTAL / 2);
}

/* Swap of this size instead of what is there; 0: none. */
static void set_swap(uint64_t bytes)
{
    char text[32];

    swapoff("/dev/zram0");
    snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
    if (!guest_write("/sys/block/zram0/reset", "1"))
        printf("zram cannot be reset\n");
    if (!bytes)
        return;
    if (!guest_write("/sys/block/zram0/disksize", text) || system("mkswap /dev/zram0 >/dev/null") != 0 ||
        swapon("/dev/zram0", 0) < 0)
        printf("no swap of %s bytes\n", text);
}

int main(void)
{
    guest_flush_tlbs();
    reclaim("huge pages", GUEST_HUGE, 7000, NULL);
    expect_gone();
    reclaim("small pages", GUEST_NO_HUGE, 7000, NULL);
    expect_gone();
    reclaim("a file on tmpfs", GUEST_FILE, 7000, NULL);
    expect_gone();
    reclaim("anonymous, with skip_anon", GUEST_ANON, 4000, "skip_anon=Y");
    GUEST_CHECK(left == TOTAL);
    GUEST_CHECK(stats.bytes_reclaim_tried_regions == 0);
    reclaim("locked", GUEST_LOCKED, 4000, NULL);
    expect_left();
    reclaim("shared with another process", GUEST_SHARED, 8000, NULL);
    expect_left();
    if (guest_write("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "40")) {
        reclaim("hugetlb", GUEST_HUGETLB, 4000, NULL);
        expect_left();
        guest_write("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0");
    }
    set_swap(0);
    reclaim("without swap", GUEST_ANON, 4000, NULL);
    expect_left();
    set_swap(16 * MIB);
    reclaim("little swap", GUEST_ANON, 7000, NULL);
    GUEST_TIMELY(left < TOTAL - 12 * MIB);
    GUEST_CHECK(left > TOTAL - 17 * MIB);
    GUEST_CHECK(stats.bytes_reclaim_tried_regions <= stats.bytes_reclaimed_regions + 8 * MIB);
    set_swap(512 * MIB); /* for the tests that follow in the same guest */
    return guest_result();
}
