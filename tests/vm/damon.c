/* SPDX-License-Identifier: MIT */
/*
 * The main job through the kernel's own DAMON: physical memory without a time limit, then the process alone. The cold
 * memory of the baseline workload has to go, the counters have to tell, and nothing may be left in the kernel
 * afterwards.
 */
#include "guest.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KDAMONDS "/sys/kernel/mm/damon/admin/kdamonds/"

static unsigned int nr_states;

static void state_changed(struct damon_reclaim *ctx, const struct damon_reclaim_event *event, void *userdata)
{
    (void)ctx;
    (void)userdata;
    printf("state: %s\n", event->text);
    nr_states++;
}

static void log_line(struct damon_reclaim *ctx, enum damon_reclaim_log_level level, const char *text, void *userdata)
{
    (void)ctx;
    (void)userdata;
    printf("log %d: %s\n", (int)level, text);
}

static struct damon_reclaim *new_context(void)
{
    static const char *const settings[][2] = {{"min_age", "2000000"},  {"quota_ms", "0"},     {"quota_sz", "0"},
                                              {"wmarks_high", "1000"}, {"wmarks_mid", "990"}, {"wmarks_low", "0"}};
    struct damon_reclaim_callbacks callbacks = {
        .size = sizeof(callbacks), .state_changed = state_changed, .log = log_line};
    char error[512] = "";
    struct damon_reclaim_config config = {.size = sizeof(config),
                                          .backend = "damon",
                                          .callbacks = &callbacks,
                                          .error = error,
                                          .error_size = sizeof(error)};
    struct damon_reclaim *ctx;

    if (damon_reclaim_new(&config, &ctx) < 0) {
        printf("no context: %s\n", error);
        exit(1);
    }
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        damon_reclaim_set(ctx, settings[i][0], settings[i][1]);
    return ctx;
}

/* The first line of a file below the kdamonds. */
static const char *line_of(const char *name)
{
    static char line[64];
    char path[256];
    FILE *f;

    snprintf(path, sizeof(path), KDAMONDS "%s", name);
    line[0] = '\0';
    f = fopen(path, "re");
    if (f && fgets(line, sizeof(line), f))
        line[strcspn(line, "\n")] = '\0';
    if (f)
        fclose(f);
    return line;
}

static void enable(struct damon_reclaim *ctx)
{
    char pid[16];

    if (damon_reclaim_enable(ctx) < 0) {
        printf("enable: %s\n", damon_reclaim_last_error(ctx));
        exit(1);
    }
    GUEST_CHECK(!strcmp(line_of("0/state"), "on"));
    damon_reclaim_get(ctx, "kdamond_pid", pid, sizeof(pid));
    GUEST_CHECK(!strcmp(line_of("0/pid"), pid));
}

static void watch(struct damon_reclaim *ctx, unsigned int seconds)
{
    for (unsigned int second = 1; second <= seconds; second++) {
        struct damon_reclaim_stats stats;

        guest_run(ctx, 1000);
        stats = guest_stats(ctx);
        printf("%2u s: %llu regions of %llu MiB, tried %llu MiB, reclaimed %llu MiB, CPU %llu ms\n", second,
               (unsigned long long)stats.nr_regions, (unsigned long long)(stats.monitored_bytes / MIB),
               (unsigned long long)(stats.bytes_reclaim_tried_regions / MIB),
               (unsigned long long)(stats.bytes_reclaimed_regions / MIB),
               (unsigned long long)(stats.monitor_cpu_ns / 1000000));
        fflush(stdout);
    }
}

static void nothing_left(void)
{
    GUEST_CHECK(!strcmp(line_of("nr_kdamonds"), "0"));
    GUEST_CHECK(access("/run/damon-reclaim.record", F_OK) < 0);
}

/* One round; @physical: all memory, else the process. */
static void run(bool physical)
{
    struct guest_workload w = {.total = 300 * MIB, .hot_at = 100 * MIB, .hot = 30 * MIB};
    uint64_t cold = w.total - w.hot, hot, left, in, begin, tried;
    const char *name = physical ? "paddr" : "vaddr";
    struct damon_reclaim *ctx = new_context(), *second = new_context();
    char metric[64];

    printf("--- %s\n", name);
    guest_start(&w);
    if (!physical) {
        struct damon_reclaim_target target = {.size = sizeof(target), .pid = w.pid};

        GUEST_CHECK(damon_reclaim_add_target(ctx, &target, NULL) == 0);
    }
    in = guest_vmstat("pswpin");
    begin = guest_now_ns();
    enable(ctx);
    GUEST_CHECK(damon_reclaim_enable(second) < 0);
    printf("second: %s\n", damon_reclaim_last_error(second));
    damon_reclaim_unref(second);
    watch(ctx, 6);
    tried = guest_stats(ctx).bytes_reclaim_tried_regions;
    begin = guest_now_ns();
    GUEST_CHECK(damon_reclaim_commit(ctx) == 0); /* live: nothing learnt or counted is lost */
    printf("commit: %llu ms\n", (unsigned long long)((guest_now_ns() - begin) / 1000000));
    watch(ctx, 6);
    GUEST_CHECK(guest_stats(ctx).bytes_reclaim_tried_regions >= tried);
    hot = guest_resident(w.pid, w.addr + w.hot_at, w.hot);
    left = guest_resident(w.pid, w.addr, w.total) - hot;
    in = guest_vmstat("pswpin") - in;
    snprintf(metric, sizeof(metric), "damon.%s.cold_gone", name);
    guest_measured(metric, 100.0 * (double)(cold - left) / (double)cold, "percent");
    snprintf(metric, sizeof(metric), "damon.%s.hot_resident", name);
    guest_measured(metric, 100.0 * (double)hot / (double)w.hot, "percent");
    snprintf(metric, sizeof(metric), "damon.%s.swapped_in", name);
    guest_measured(metric, (double)in, "pages");
    GUEST_CHECK(left * 100 <= cold * 5);
    GUEST_CHECK(hot * 100 >= w.hot * 95);
    GUEST_CHECK(in * 4096 * 100 <= cold);
    GUEST_CHECK(guest_stats(ctx).bytes_reclaimed_regions >= cold / 2);
    GUEST_CHECK(guest_stats(ctx).nr_regions >= 3);
    GUEST_CHECK(guest_intact(&w));
    GUEST_CHECK(damon_reclaim_disable(ctx) == 0);
    nothing_left();
    /* A process that exits is gone for the kernel as well. */
    enable(ctx);
    guest_stop(&w);
    for (int i = 0; i < 3 && guest_stats(ctx).state != DAMON_RECLAIM_STATE_DISABLED; i++)
        guest_run(ctx, 1000);
    GUEST_CHECK((guest_stats(ctx).state == DAMON_RECLAIM_STATE_DISABLED) == !physical);
    damon_reclaim_unref(ctx);
    nothing_left();
}

/* A program that is killed cannot clean up; the next one does. */
static void run_killed(void)
{
    struct damon_reclaim *ctx;
    int status;
    pid_t pid;

    printf("--- killed\n");
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        enable(new_context());
        fflush(stdout);
        raise(SIGKILL);
    }
    waitpid(pid, &status, 0);
    GUEST_CHECK(WIFSIGNALED(status));
    GUEST_CHECK(!strcmp(line_of("0/state"), "on"));
    ctx = new_context();
    enable(ctx);
    guest_run(ctx, 1500);
    damon_reclaim_unref(ctx);
    nothing_left();
}

static void by_hand(const char *value, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), KDAMONDS "%s", name);
    GUEST_CHECK(guest_write(path, value));
}

/* All that the files say, so that a change of any is seen. */
static void take_down(char *text, size_t size)
{
    FILE *f = popen(
        "cd " KDAMONDS " && find . -type f | sort | while read -r f; do echo \"$f $(cat $f)\"; done | md5sum", "r");

    text[0] = '\0';
    if (f && !fgets(text, (int)size, f))
        text[0] = '\0';
    if (f)
        pclose(f);
}

/* A kdamond of somebody else goes on as if nobody had asked for anything. */
static void run_foreign(void)
{
    struct damon_reclaim *ctx = new_context();
    char before[64], after[64];

    printf("--- foreign\n");
    by_hand("1", "nr_kdamonds");
    by_hand("1", "0/contexts/nr_contexts");
    by_hand("paddr", "0/contexts/0/operations");
    by_hand("1", "0/contexts/0/targets/nr_targets");
    by_hand("1", "0/contexts/0/targets/0/regions/nr_regions");
    by_hand("16777216", "0/contexts/0/targets/0/regions/0/start");
    by_hand("33554432", "0/contexts/0/targets/0/regions/0/end");
    by_hand("on", "0/state");
    take_down(before, sizeof(before));
    GUEST_CHECK(damon_reclaim_enable(ctx) < 0);
    printf("refused: %s\n", damon_reclaim_last_error(ctx));
    GUEST_CHECK(strstr(damon_reclaim_last_error(ctx), line_of("0/pid")) != NULL);
    damon_reclaim_unref(ctx);
    take_down(after, sizeof(after));
    GUEST_CHECK(before[0] && !strcmp(before, after));
    GUEST_CHECK(!strcmp(line_of("0/state"), "on"));
    by_hand("off", "0/state");
    by_hand("0", "nr_kdamonds");
}

/* While the watermarks keep the kernel's thread inactive an older kernel would never come back from a commit. */
static void run_inactive(void)
{
    struct damon_reclaim *ctx = new_context();
    uint64_t begin;

    printf("--- inactive\n");
    damon_reclaim_set(ctx, "wmarks_high", "3");
    damon_reclaim_set(ctx, "wmarks_mid", "2");
    damon_reclaim_set(ctx, "wmarks_low", "1");
    enable(ctx);
    GUEST_CHECK(guest_stats(ctx).state == DAMON_RECLAIM_STATE_INACTIVE);
    guest_run(ctx, 2000);
    begin = guest_now_ns();
    GUEST_CHECK(damon_reclaim_commit(ctx) == 0);
    GUEST_CHECK(damon_reclaim_disable(ctx) == 0);
    GUEST_CHECK(guest_now_ns() - begin < 6000000000);
    guest_measured("damon.inactive_commit", (double)(guest_now_ns() - begin) / 1e6, "ms");
    damon_reclaim_unref(ctx);
    nothing_left();
}

/* Many commits in a row: none fails, nothing that was counted gets lost. */
static void run_commits(void)
{
    struct damon_reclaim *ctx = new_context();
    uint64_t last = 0, begin;
    int failed = 0, lost = 0;

    printf("--- commits\n");
    damon_reclaim_set(ctx, "min_age", "1000000");
    enable(ctx);
    guest_run(ctx, 3000);
    begin = guest_now_ns();
    for (int i = 0; i < 50; i++) {
        struct damon_reclaim_stats stats;

        damon_reclaim_set(ctx, "min_age", i % 2 ? "1000000" : "2000000");
        failed += damon_reclaim_commit(ctx) < 0;
        damon_reclaim_dispatch(ctx);
        stats = guest_stats(ctx);
        lost += stats.bytes_reclaim_tried_regions < last;
        last = stats.bytes_reclaim_tried_regions;
    }
    guest_measured("damon.commit", (double)(guest_now_ns() - begin) / 50e6, "ms");
    GUEST_CHECK(!failed);
    GUEST_CHECK(!lost);
    damon_reclaim_unref(ctx);
    nothing_left();
}

int main(void)
{
    if (access(KDAMONDS "nr_kdamonds", F_OK) < 0) {
        printf("this kernel has no DAMON sysfs files\n");
        return 77;
    }
    guest_flush_tlbs();
    run(true);
    run(false);
    run_killed();
    run_foreign();
    run_inactive();
    run_commits();
    GUEST_CHECK(nr_states >= 4);
    return guest_result();
}
