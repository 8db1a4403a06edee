/* SPDX-License-Identifier: MIT */
/*
 * foreign BACKEND: who else uses the kernel's DAMON. A kdamond of somebody else goes on as if nobody had asked for
 * anything; the module DAMON_STAT is named when it is in the way, and steps aside on request and comes back.
 */
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest_damon.h"

static const char *backend = "damon";
static struct guest_workload w = {.total = 16 * MIB};

static bool is_damon(void)
{
    return !strcmp(backend, "damon");
}

static void foreign_kdamond(void)
{
    struct guest_setup setup = {.backend = backend, .take_over = true};
    struct damon_reclaim *ctx = guest_set_up(&setup, NULL);
    struct guest_digest before, after;
    char pid[32];
    int r;

    printf("--- a kdamond of somebody else\n");
    guest_target(ctx, &w);
    guest_foreign_start();
    snprintf(pid, sizeof(pid), "%s", guest_kdamond("0/pid"));
    before = guest_kdamonds_digest();
    r = damon_reclaim_enable(ctx);
    printf("enable: %d %s\n", r, damon_reclaim_last_error(ctx));
    if (is_damon()) {
        GUEST_CHECK(r == -EBUSY);
        GUEST_CHECK(strstr(damon_reclaim_last_error(ctx), pid) != NULL);
    } else {
        GUEST_CHECK(r == 0);
        guest_run(ctx, 2000);
        GUEST_CHECK(guest_stats(ctx).nr_samples > 0);
    }
    damon_reclaim_unref(ctx);
    after = guest_kdamonds_digest();
    GUEST_CHECK(guest_digest_same(&before, &after));
    GUEST_CHECK(!strcmp(guest_kdamond("0/state"), "on"));
    GUEST_CHECK(!strcmp(guest_kdamond("0/pid"), pid));
    guest_foreign_stop();
}

/* The module DAMON_STAT is on when a kernel of Debian's boots that has it. */
static void module_in_the_way(void)
{
    struct guest_setup setup = {.backend = "damon"};
    struct damon_reclaim *ctx = guest_set_up(&setup, NULL);
    int r = damon_reclaim_enable(ctx);

    printf("--- DAMON_STAT\nenable: %d %s\n", r, damon_reclaim_last_error(ctx));
    GUEST_CHECK(r == -EBUSY);
    GUEST_CHECK(strstr(damon_reclaim_last_error(ctx), "damon_stat") != NULL);
    damon_reclaim_unref(ctx);
    GUEST_CHECK(!strcmp(guest_module_get("stat", "enabled"), "Y"));
    setup.take_over = true;
    ctx = guest_set_up(&setup, NULL);
    guest_enable(ctx);
    GUEST_CHECK(!strcmp(guest_module_get("stat", "enabled"), "N"));
    GUEST_CHECK(!strcmp(guest_kdamond("0/state"), "on"));
    guest_run(ctx, 2000);
    GUEST_CHECK(guest_stats(ctx).nr_samples > 0);
    damon_reclaim_unref(ctx);
    GUEST_CHECK(!strcmp(guest_module_get("stat", "enabled"), "Y"));
    guest_damon_left_nothing();
}

int main(int argc, char **argv)
{
    if (argc > 1)
        backend = argv[1];
    guest_damon_needed();
    guest_start(&w);
    if (!strcmp(guest_module_get("stat", "enabled"), "Y")) {
        if (is_damon())
            module_in_the_way();
        guest_module_set("stat", "enabled", "N");
    }
    foreign_kdamond();
    guest_stop(&w);
    return guest_result();
}
