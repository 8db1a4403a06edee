/* SPDX-License-Identifier: MIT */
/*
 * filters BACKEND: physical memory with skip_anon, which leaves a process all of its anonymous memory, and with a
 * filter by cgroup, with which only the chosen one shrinks.
 */
#include "guest.h"

#include <stdio.h>
#include <string.h>

#include "guest_damon.h"

#define SECONDS 10

static struct guest_setup setup = {.take_over = true};

static void measured(const char *what, uint64_t bytes, uint64_t of)
{
    char name[64];

    snprintf(name, sizeof(name), "filters.%s.%s", setup.backend, what);
    guest_measured(name, 100.0 * (double)bytes / (double)of, "percent resident");
}

static void skip_anon(void)
{
    struct guest_workload w = {.total = 200 * MIB, .memory = GUEST_FILE, .file = 100 * MIB};
    struct damon_reclaim *ctx = guest_set_up(&setup, "min_age=1s", "quota_ms=0", "quota_sz=0", "skip_anon=Y", NULL);
    uint64_t anon, file;

    printf("--- skip_anon\n");
    guest_start(&w);
    guest_enable(ctx);
    guest_watch(ctx, SECONDS);
    file = guest_resident(w.pid, w.addr, w.file);
    anon = guest_resident(w.pid, w.addr + w.file, w.total - w.file);
    measured("skip_anon.file", file, w.file);
    measured("skip_anon.anon", anon, w.total - w.file);
    GUEST_CHECK(anon == w.total - w.file);
    GUEST_TIMELY(file * 10 <= w.file);
    GUEST_CHECK(guest_intact(&w));
    damon_reclaim_unref(ctx);
    guest_stop(&w);
}

static void memcg(void)
{
    struct guest_workload chosen = {.total = 100 * MIB, .cgroup = "chosen"},
                          other = {.total = 100 * MIB, .cgroup = "other"};
    struct damon_reclaim_filter filter = {
        .type = DAMON_RECLAIM_FILTER_MEMCG, .matching = true, .allow = true, .memcg_path = "/chosen"};
    struct damon_reclaim *ctx = guest_set_up(&setup, "min_age=1s", "quota_ms=0", "quota_sz=0", NULL);
    uint64_t of_chosen, of_other;

    printf("--- memcg\n");
    guest_start(&chosen);
    guest_start(&other);
    GUEST_CHECK(damon_reclaim_set_filters(ctx, DAMON_RECLAIM_SCHEME_RECLAIM, &filter, 1) == 0);
    guest_enable(ctx);
    guest_watch(ctx, SECONDS);
    of_chosen = guest_resident(chosen.pid, chosen.addr, chosen.total);
    of_other = guest_resident(other.pid, other.addr, other.total);
    measured("memcg.chosen", of_chosen, chosen.total);
    measured("memcg.other", of_other, other.total);
    GUEST_TIMELY(of_chosen * 10 <= chosen.total);
    GUEST_CHECK(of_other == other.total);
    GUEST_CHECK(guest_intact(&chosen));
    GUEST_CHECK(guest_intact(&other));
    damon_reclaim_unref(ctx);
    guest_stop(&chosen);
    guest_stop(&other);
}

int main(int argc, char **argv)
{
    setup.backend = argc > 1 ? argv[1] : "damon";
    if (!strcmp(setup.backend, "damon"))
        guest_damon_needed();
    guest_flush_tlbs();
    skip_anon();
    memcg();
    return guest_result();
}
