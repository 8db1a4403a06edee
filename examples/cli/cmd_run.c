/* SPDX-License-Identifier: MIT */
/* run: watches memory and reclaims what is cold, until the time is up, nothing is left to watch, or a signal says so.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "backend.h"
#include "exclude.h"
#include "filters.h"
#include "output.h"
#include "processes.h"

#define NS_PER_S         UINT64_C(1000000000)
#define SCAN_INTERVAL_NS NS_PER_S
#define DRAW_INTERVAL_NS (NS_PER_S / 10)

struct run {
    const struct options *options;
    struct damon_reclaim *ctx;
    struct exclude exclude;
    struct processes processes;
    struct watcher watcher;
    int signals; /* signalfd */
    bool simulated;
    bool progress;         /* drawn on a terminal */
    bool drawn;            /* there is a line of it */
    uint64_t next_draw_ns; /* real time */
    uint64_t next_scan_ns; /* of the context's clock, as the two below */
    uint64_t end_ns;       /* UINT64_MAX: no end */
    const char *end;       /* why it ended; NULL while it goes on */
    int result;
};

static void wipe(struct run *run)
{
    if (run->drawn)
        text_wipe();
    run->drawn = false;
}

static void end(struct run *run, const char *why, int result)
{
    if (run->end)
        return;
    run->end = why;
    run->result = result;
}

/* --- callbacks -------------------------------------------------------------------------------------------------- */

static void after_aggregation(struct damon_reclaim *ctx, void *userdata)
{
    struct run *run = userdata;
    uint64_t now = facts_real_now();
    bool draw = run->progress && now >= run->next_draw_ns;

    (void)ctx;
    if (!draw && !run->options->json)
        return;
    watcher_read(&run->watcher);
    if (run->options->json) {
        json_aggregation(&run->watcher.facts);
        if (ferror(stdout))
            end(run, "the output is closed", CLI_FAILED);
    }
    if (draw) {
        run->next_draw_ns = now + DRAW_INTERVAL_NS;
        run->drawn = true;
        text_progress(&run->watcher.facts);
    }
}

static void target_gone(struct damon_reclaim *ctx, uint32_t target, pid_t pid, void *userdata)
{
    struct run *run = userdata;

    (void)ctx;
    (void)pid;
    processes_gone(&run->processes, target);
}

/* Errors are left to whoever made the call, except that -vv prints everything. */
static void log_line(struct damon_reclaim *ctx, enum damon_reclaim_log_level level, const char *text, void *userdata)
{
    struct run *run = userdata;
    int most = run->options->verbose == 0   ? DAMON_RECLAIM_LOG_WARNING
               : run->options->verbose == 1 ? DAMON_RECLAIM_LOG_INFO
                                            : DAMON_RECLAIM_LOG_DEBUG;

    (void)ctx;
    if ((int)level > most || (level == DAMON_RECLAIM_LOG_ERROR && most < DAMON_RECLAIM_LOG_DEBUG))
        return;
    wipe(run);
    cli_error("%s", text);
}

static const struct damon_reclaim_callbacks callbacks = {
    .size = sizeof(callbacks),
    .after_aggregation = after_aggregation,
    .target_gone = target_gone,
    .log = log_line,
};

/* --- parameters ------------------------------------------------------------------------------------------------- */

/* Stages the defaults, then the file, then the command line. 0, or a negative errno with a message. */
static int stage(struct run *run, const struct settings *file)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};
    int r = 0;

    damon_reclaim_params_init(&params);
    if (run->options->no_watermarks) {
        params.wmarks_high = params.wmarks_mid = 1000;
        params.wmarks_low = 0;
    }
    r = damon_reclaim_set_params(run->ctx, &params);
    if (r < 0) {
        cli_error("%s", damon_reclaim_last_error(run->ctx));
        return r;
    }
    r = settings_stage(file, run->ctx, false);
    return r < 0 ? r : settings_stage(&run->options->settings, run->ctx, false);
}

/* Enables, or does what "enabled" in the settings says. */
static int start(struct run *run, const struct settings *file)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    int r = damon_reclaim_enable(run->ctx);

    if (r < 0) {
        cli_error("%s", damon_reclaim_last_error(run->ctx));
        return r == -EINVAL || r == -ERANGE || r == -EOPNOTSUPP ? CLI_USAGE : CLI_FAILED;
    }
    if (settings_stage(file, run->ctx, true) < 0 || settings_stage(&run->options->settings, run->ctx, true) < 0)
        return CLI_USAGE;
    damon_reclaim_get_stats(run->ctx, &stats);
    if (stats.state != DAMON_RECLAIM_STATE_DISABLED)
        return CLI_OK;
    cli_error("enabled=N: there is nothing to run; leave it out");
    return CLI_USAGE;
}

static int configure_and_start(struct run *run)
{
    struct settings file = {0};
    int r = CLI_USAGE;

    if ((!run->options->config || settings_add_file(&file, run->options->config)) && stage(run, &file) == 0)
        r = start(run, &file);
    settings_free(&file);
    return r;
}

/* SIGHUP: the file once more. What is wrong in it is said, and changes nothing. */
static void reload(struct run *run)
{
    struct damon_reclaim_params before = {.size = sizeof(before)};
    struct settings file = {0};
    int r = -EINVAL;

    wipe(run);
    if (!run->options->config) {
        cli_error("SIGHUP: there is no --config to read again");
        return;
    }
    damon_reclaim_get_params(run->ctx, &before);
    if (settings_add_file(&file, run->options->config) && stage(run, &file) == 0) {
        r = damon_reclaim_commit(run->ctx);
        if (r < 0)
            cli_error("%s: %s", run->options->config, damon_reclaim_last_error(run->ctx));
    }
    if (r == 0) {
        settings_stage(&file, run->ctx, true);
        cli_error("%s: read again and in effect", run->options->config);
    } else {
        damon_reclaim_set_params(run->ctx, &before);
        cli_error("%s: left as it was", run->options->config);
    }
    settings_free(&file);
}

/* --- the loop --------------------------------------------------------------------------------------------------- */

static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void take_signals(struct run *run)
{
    struct signalfd_siginfo info;

    while (read(run->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            reload(run);
        else
            end(run, info.ssi_signo == SIGINT ? "interrupted" : "terminated", CLI_OK);
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How long poll() may wait. A virtual clock never lets it. */
static int timeout_ms(const struct run *run)
{
    uint64_t now = damon_reclaim_now(run->ctx), next = run->end_ns;

    if (processes_selected(run->options) || run->exclude.nr_commands)
        next = earlier(next, run->next_scan_ns);
    if (next == UINT64_MAX)
        return -1;
    return next <= now ? 0 : (int)earlier((next - now + 999999) / 1000000, 60000);
}

static void check_end(struct run *run)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};

    if (damon_reclaim_now(run->ctx) >= run->end_ns)
        end(run, "the time is up", CLI_OK);
    damon_reclaim_get_stats(run->ctx, &stats);
    if (stats.state != DAMON_RECLAIM_STATE_DISABLED)
        return;
    if (stats.reason == DAMON_RECLAIM_REASON_NO_TARGET)
        end(run, "nothing is left to watch", CLI_OK);
    else if (run->simulated) /* by enabled=N: its clock stands still */
        end(run, "disabled", CLI_OK);
}

/* Processes come and go. One that is to be left alone and cannot be is the end. */
static void scan(struct run *run)
{
    int r = exclude_scan(&run->exclude, &run->processes, run->ctx);

    if (r != CLI_OK)
        end(run, "failed", r);
    else
        processes_scan(&run->processes, run->ctx);
}

static void step(struct run *run)
{
    struct pollfd fds[] = {{.fd = run->signals, .events = POLLIN},
                           {.fd = damon_reclaim_get_fd(run->ctx), .events = POLLIN}};

    if (poll(fds, 2, timeout_ms(run)) < 0 && errno != EINTR) {
        cli_error("poll: %s", strerror(errno));
        end(run, "failed", CLI_FAILED);
    }
    if (fds[0].revents)
        take_signals(run);
    if (fds[1].revents && damon_reclaim_dispatch(run->ctx) < 0) {
        wipe(run);
        cli_error("%s", damon_reclaim_last_error(run->ctx));
        end(run, "failed", CLI_FAILED);
    }
    if (damon_reclaim_now(run->ctx) >= run->next_scan_ns) {
        run->next_scan_ns = damon_reclaim_now(run->ctx) + SCAN_INTERVAL_NS;
        scan(run);
    }
    check_end(run);
}

static void set_end(struct run *run)
{
    struct damon_reclaim_sim_report truth = {.size = sizeof(truth)};
    uint64_t now = damon_reclaim_now(run->ctx), duration = run->options->duration_ns;

    run->end_ns = UINT64_MAX;
    if (duration)
        run->end_ns = duration < UINT64_MAX - now ? now + duration : UINT64_MAX;
    else if (run->simulated && damon_reclaim_sim_get_report(run->ctx, 0, &truth) == 0)
        run->end_ns = truth.workload_end_ns;
}

static int finish(struct run *run)
{
    wipe(run);
    watcher_read(&run->watcher);
    watcher_read_truth(&run->watcher);
    run->watcher.facts.end = run->end;
    if (run->options->json)
        json_summary(&run->watcher.facts, run->ctx);
    else if (!run->options->quiet)
        text_summary(&run->watcher.facts);
    return cli_flush() == CLI_OK ? run->result : CLI_FAILED;
}

/* What contradicts itself on the command line, beyond single options. */
static int check_options(struct options *options, const char *backend)
{
    bool simulated = !strcmp(backend, "sim");

    for (size_t i = 0; i < options->nr_words; i++) {
        if (strncmp(options->words[i], "damon_reclaim.", strlen("damon_reclaim."))) {
            cli_error("\"%s\" is one word too many; a parameter is written --NAME=VALUE", options->words[i]);
            return CLI_USAGE;
        }
        if (!settings_add_line(&options->settings, options->words[i], "command line"))
            return CLI_USAGE;
    }
    if (simulated && processes_selected(options)) {
        cli_error("simulated memory has no processes: leave out --pid, --comm and --cgroup, or --workload");
        return CLI_USAGE;
    }
    if (!simulated && (options->workload || options->rate || options->memory)) {
        cli_error("--workload, --rate and --memory are for --backend sim, not %s", backend);
        return CLI_USAGE;
    }
    if (strcmp(backend, "auto") && strcmp(backend, "damon") &&
        (options->operations || options->take_over || options->monitor_only)) {
        cli_error("--damon-operations, --take-over and --monitor-only are for --backend damon, not %s", backend);
        return CLI_USAGE;
    }
    if (options->largest_ram && (simulated || processes_selected(options))) {
        cli_error("--largest-ram is for physical memory: leave out --pid, --comm, --cgroup and --workload");
        return CLI_USAGE;
    }
    return CLI_OK;
}

static int watch(struct run *run)
{
    int r = exclude_start(&run->exclude, run->options, run->ctx);

    if (r == CLI_OK)
        r = processes_start(&run->processes, run->options, &run->exclude, run->ctx);
    if (r == CLI_OK)
        r = filters_set(run->options, run->ctx);
    if (r == CLI_OK)
        r = configure_and_start(run);
    if (r != CLI_OK)
        return r;
    set_end(run);
    run->next_scan_ns = damon_reclaim_now(run->ctx) + SCAN_INTERVAL_NS;
    while (!run->end)
        step(run);
    return finish(run);
}

int cmd_run(struct options *options)
{
    struct run run = {.options = options};
    const char *backend = backend_choose(options);
    int r = check_options(options, backend);

    if (r != CLI_OK)
        return r;
    run.signals = open_signals();
    if (run.signals < 0) {
        cli_error("signalfd: %s", strerror(errno));
        return CLI_FAILED;
    }
    run.simulated = !strcmp(backend, "sim");
    run.progress = !options->quiet && isatty(STDERR_FILENO);
    r = backend_open(options, backend, &callbacks, &run, &run.ctx);
    if (r == CLI_OK) {
        watcher_start(&run.watcher, run.ctx, options->workload);
        r = watch(&run);
        run.ctx = damon_reclaim_unref(run.ctx);
    }
    watcher_free(&run.watcher);
    processes_free(&run.processes);
    exclude_free(&run.exclude);
    close(run.signals);
    return r;
}
