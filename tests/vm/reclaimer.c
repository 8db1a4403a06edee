/* SPDX-License-Identifier: MIT */
#include "reclaimer.h"

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"
#include "guest_damon.h"

/* Written by the process that reclaims, which tells it every STEP_MS. */
struct told {
    volatile int64_t kdamond; /* the kernel's thread; or 0 */
    volatile uint64_t monitor_ns, reclaim_ns, tried, reclaimed;
};

#define STEP_MS 250

#define WHEN_IDLE "SCHED_IDLE:"

/* The rule of "Transparent Memory Offloading" (Weiner and others, ASPLOS 2022): of what the cgroup has,
 * RATIO * (1 - pressure / THRESHOLD) is asked for. The ratio that it publishes, 0.0005 every six seconds, takes hours
 * for what is to be done here in a minute. */
#define PSI_STEP_MS      1000u
#define PSI_RATIO        0.05
#define PSI_THRESHOLD_US (PSI_STEP_MS) /* 0.1 % of the step */

static struct told *told;
static pid_t child; /* 0: none */
static bool is_module;

static void open_watermarks(void)
{
    if (!guest_module_set("reclaim", "wmarks_high", "1000") || !guest_module_set("reclaim", "wmarks_mid", "990") ||
        !guest_module_set("reclaim", "wmarks_low", "0"))
        guest_die("the watermarks of the module DAMON_RECLAIM");
}

static void start_module(const struct reclaimer_aim *aim)
{
    guest_module_set("stat", "enabled", "N");
    open_watermarks();
    if (!guest_module_set("reclaim", "min_age", aim->min_age) || !guest_module_set("reclaim", "enabled", "Y") ||
        guest_module_number("reclaim", "kdamond_pid") <= 0)
        guest_die("the module DAMON_RECLAIM cannot be enabled");
    told->kdamond = guest_module_number("reclaim", "kdamond_pid");
    is_module = true;
}

/* The parameters of "BACKEND,NAME=VALUE...". */
static void stage_all(struct damon_reclaim *ctx, char *settings)
{
    for (char *setting = strtok(settings, ","); setting; setting = strtok(NULL, ",")) {
        char *value = strchr(setting, '=');

        if (value)
            *value++ = '\0';
        if (!value || damon_reclaim_set(ctx, setting, value) < 0) {
            printf("%s: %s\n", setting, value ? damon_reclaim_last_error(ctx) : "NAME=VALUE is expected");
            exit(1);
        }
    }
}

static void tell(struct damon_reclaim *ctx)
{
    struct damon_reclaim_stats stats = guest_stats(ctx);
    char pid[16] = "";

    /* With idle-page it is this process. */
    if (damon_reclaim_get(ctx, "kdamond_pid", pid, sizeof(pid)) >= 0 && atoi(pid) > 0 && atoi(pid) != getpid())
        told->kdamond = atoi(pid);
    told->monitor_ns = stats.monitor_cpu_ns;
    told->reclaim_ns = stats.reclaim_cpu_ns;
    told->tried = stats.bytes_reclaim_tried_regions;
    told->reclaimed = stats.bytes_reclaimed_regions;
}

_Noreturn static void use_library(const char *way, const struct reclaimer_aim *aim)
{
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = aim->pid};
    char *backend = strdup(way), *settings = strchr(backend, ','), error[512] = "";
    struct guest_setup setup = {.backend = backend};
    struct damon_reclaim *ctx;
    uint32_t id;

    if (settings)
        *settings++ = '\0';
    ctx = guest_try(&setup, error, sizeof(error));
    if (!ctx) {
        printf("%s: %s\n", way, error);
        exit(1);
    }
    damon_reclaim_set(ctx, "min_age", aim->min_age);
    if (settings)
        stage_all(ctx, settings);
    if (aim->pid && damon_reclaim_add_target(ctx, &target, &id) < 0) {
        printf("%s: %s\n", way, damon_reclaim_last_error(ctx));
        exit(1);
    }
    guest_enable(ctx);
    for (;;) {
        guest_run(ctx, STEP_MS);
        tell(ctx);
    }
}

/* How long tasks of the cgroup have waited for memory so far. */
static uint64_t waited_us(const char *path)
{
    FILE *f = fopen(path, "re");
    uint64_t us = 0;

    if (!f || fscanf(f, "some avg10=%*f avg60=%*f avg300=%*f total=%" SCNu64, &us) != 1)
        guest_die(path);
    fclose(f);
    return us;
}

static uint64_t number_of(const char *path)
{
    FILE *f = fopen(path, "re");
    uint64_t number = 0;

    if (!f || fscanf(f, "%" SCNu64, &number) != 1)
        guest_die(path);
    fclose(f);
    return number;
}

/* The part of its memory that a cgroup is asked for whose tasks have waited so long during the last step. */
static double part_to_ask_for(uint64_t us)
{
    return us < PSI_THRESHOLD_US ? PSI_RATIO * (1 - (double)us / PSI_THRESHOLD_US) : 0;
}

_Noreturn static void use_pressure(const struct reclaimer_aim *aim)
{
    char pressure[128], current[128], reclaim[128];
    uint64_t before;

    snprintf(pressure, sizeof(pressure), "/sys/fs/cgroup/%s/memory.pressure", aim->cgroup);
    snprintf(current, sizeof(current), "/sys/fs/cgroup/%s/memory.current", aim->cgroup);
    snprintf(reclaim, sizeof(reclaim), "/sys/fs/cgroup/%s/memory.reclaim", aim->cgroup);
    before = waited_us(pressure);
    for (;;) {
        uint64_t now, bytes;
        char text[32];

        guest_sleep_ms(PSI_STEP_MS);
        now = waited_us(pressure);
        bytes = (uint64_t)((double)number_of(current) * part_to_ask_for(now - before));
        before = now;
        told->tried += bytes;
        snprintf(text, sizeof(text), "%" PRIu64, bytes);
        if (bytes)
            guest_write(reclaim, text); /* fails when less than that was reclaimed */
    }
}

static void run_when_idle(void)
{
    if (sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){0}) < 0)
        guest_die("sched_setscheduler");
}

void reclaimer_start(const char *way, const struct reclaimer_aim *aim)
{
    told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED)
        guest_die("mmap");
    if (!strcmp(way, "nothing"))
        return;
    if (!strcmp(way, "module")) {
        start_module(aim);
        return;
    }
    fflush(stdout);
    child = fork();
    if (child < 0)
        guest_die("fork");
    if (child > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!strncmp(way, WHEN_IDLE, strlen(WHEN_IDLE))) {
        run_when_idle();
        way += strlen(WHEN_IDLE);
    }
    if (!strcmp(way, "psi"))
        use_pressure(aim);
    use_library(way, aim);
}

void reclaimer_stop(void)
{
    int status;

    if (is_module)
        guest_module_set("reclaim", "enabled", "N");
    if (!child)
        return;
    if (waitpid(child, &status, WNOHANG) == child) {
        printf("the process that reclaims has ended\n");
        exit(1);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    child = 0;
}

struct reclaimer_figures reclaimer_figures(void)
{
    struct reclaimer_figures figures = {.monitor_ns = told->monitor_ns,
                                        .reclaim_ns = told->reclaim_ns,
                                        .tried = told->tried,
                                        .reclaimed = told->reclaimed};

    if (is_module) {
        figures.tried = (uint64_t)guest_module_number("reclaim", "bytes_reclaim_tried_regions");
        figures.reclaimed = (uint64_t)guest_module_number("reclaim", "bytes_reclaimed_regions");
    }
    figures.cpu_ns = (child ? guest_cpu_ns(child) : 0) + (told->kdamond ? guest_cpu_ns((pid_t)told->kdamond) : 0);
    return figures;
}
