/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "backend.h"
#include "filters.h"

#define SCAN_INTERVAL_NS UINT64_C(1000000000)

static void wipe(struct session *session)
{
    if (session->command->wipe)
        session->command->wipe(session);
}

void session_end(struct session *session, const char *why, int result)
{
    if (session->end)
        return;
    session->end = why;
    session->result = result;
}

/* --- callbacks -------------------------------------------------------------------------------------------------- */

static void after_aggregation(struct damon_reclaim *ctx, void *userdata)
{
    struct session *session = userdata;

    (void)ctx;
    session->command->after_aggregation(session);
}

static void target_gone(struct damon_reclaim *ctx, uint32_t target, pid_t pid, void *userdata)
{
    struct session *session = userdata;

    (void)ctx;
    (void)pid;
    processes_gone(&session->processes, target);
}

/* Errors are left to whoever made the call, except that -vv prints everything. */
static void log_line(struct damon_reclaim *ctx, uint32_t level, const char *text, void *userdata)
{
    struct session *session = userdata;
    int most = session->options->verbose == 0   ? DAMON_RECLAIM_LOG_WARNING
               : session->options->verbose == 1 ? DAMON_RECLAIM_LOG_INFO
                                                : DAMON_RECLAIM_LOG_DEBUG;

    (void)ctx;
    if ((int)level > most || (level == DAMON_RECLAIM_LOG_ERROR && most < DAMON_RECLAIM_LOG_DEBUG))
        return;
    wipe(session);
    cli_error("%s", text);
}

static const struct damon_reclaim_callbacks callbacks = {
    .size = sizeof(callbacks),
    .after_aggregation = after_aggregation,
    .target_gone = target_gone,
    .log = log_line,
};

/* --- parameters ------------------------------------------------------------------------------------------------- */

/* Puts the configuration into effect. */
static int start(struct session *session)
{
    const struct config *config = session->options->config;
    int r;

    if (!config_enabled(config)) {
        cli_error("enabled=N: the run would do nothing; leave it out");
        return CLI_USAGE;
    }
    r = damon_reclaim_set_params(session->ctx, config_params(config));
    if (r == 0)
        r = damon_reclaim_enable(session->ctx);
    if (r == 0)
        return CLI_OK;
    cli_error("%s", damon_reclaim_last_error(session->ctx));
    return r == -EINVAL || r == -ERANGE || r == -EOPNOTSUPP ? CLI_USAGE : CLI_FAILED;
}

/* SIGHUP: the file once more. What is wrong in it is said, and changes nothing. */
static void reload(struct session *session)
{
    const char *path = session->options->config_file;
    struct error_text error = {""};
    struct config *config = NULL;
    int r;

    wipe(session);
    if (!path) {
        cli_error("SIGHUP: there is no --config file to reload");
        return;
    }
    r = config_reload(session->options->config, &config, &error);
    if (r == 0)
        r = config_apply(config, session->ctx, &error);
    if (r == 0) {
        r = config_enabled(config) ? damon_reclaim_enable(session->ctx) : damon_reclaim_disable(session->ctx);
        snprintf(error.text, sizeof(error.text), "%s", damon_reclaim_last_error(session->ctx));
    }
    if (r < 0)
        cli_error("%s", error.text);
    cli_error("%s: %s", path, r < 0 ? "nothing has changed" : "reloaded");
    config_free(config);
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

static void take_signals(struct session *session)
{
    struct signalfd_siginfo info;

    while (read(session->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            reload(session);
        else
            session_end(session, info.ssi_signo == SIGINT ? "interrupted" : "terminated", CLI_OK);
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How long poll() may wait. A virtual clock never lets it. */
static int timeout_ms(const struct session *session)
{
    uint64_t now = damon_reclaim_now(session->ctx), next = session->end_ns;

    if (processes_selected(session->options) || session->exclude.nr_commands)
        next = earlier(next, session->next_scan_ns);
    if (next == UINT64_MAX)
        return -1;
    return next <= now ? 0 : (int)earlier((next - now + 999999) / 1000000, 60000);
}

static void check_end(struct session *session)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};

    if (damon_reclaim_now(session->ctx) >= session->end_ns)
        session_end(session, "the time is up", CLI_OK);
    damon_reclaim_get_stats(session->ctx, &stats);
    if (stats.state != DAMON_RECLAIM_STATE_DISABLED)
        return;
    if (stats.reason == DAMON_RECLAIM_REASON_NO_TARGET)
        session_end(session, "nothing is left to watch", CLI_OK);
    else if (session->simulated) /* by enabled=N: its clock stands still */
        session_end(session, "disabled", CLI_OK);
}

/* Processes come and go. One that is to be left alone and cannot be is the end. */
static void scan(struct session *session)
{
    int r = CLI_OK;

    if (exclude_scan(&session->exclude)) {
        processes_drop_excluded(&session->processes, session->ctx);
        r = exclude_set(&session->exclude, session->ctx);
    }
    if (r != CLI_OK)
        session_end(session, "failed", r);
    else
        processes_scan(&session->processes, session->ctx);
}

static void step(struct session *session)
{
    struct pollfd fds[] = {{.fd = session->signals, .events = POLLIN},
                           {.fd = damon_reclaim_get_fd(session->ctx), .events = POLLIN}};

    if (poll(fds, 2, timeout_ms(session)) < 0 && errno != EINTR) {
        cli_error("poll: %s", strerror(errno));
        session_end(session, "failed", CLI_FAILED);
    }
    if (fds[0].revents)
        take_signals(session);
    if (fds[1].revents && damon_reclaim_dispatch(session->ctx) < 0) {
        wipe(session);
        cli_error("%s", damon_reclaim_last_error(session->ctx));
        session_end(session, "failed", CLI_FAILED);
    }
    if (damon_reclaim_now(session->ctx) >= session->next_scan_ns) {
        session->next_scan_ns = damon_reclaim_now(session->ctx) + SCAN_INTERVAL_NS;
        scan(session);
    }
    check_end(session);
}

static void set_end(struct session *session)
{
    struct damon_reclaim_sim_report truth = {.size = sizeof(truth)};
    uint64_t now = damon_reclaim_now(session->ctx), duration = session->options->duration_ns;

    session->end_ns = UINT64_MAX;
    if (duration)
        session->end_ns = duration < UINT64_MAX - now ? now + duration : UINT64_MAX;
    else if (session->simulated && damon_reclaim_sim_get_report(session->ctx, 0, &truth) == 0)
        session->end_ns = truth.workload_end_ns;
}

static int finish(struct session *session)
{
    wipe(session);
    session->command->finish(session);
    if (damon_reclaim_disable(session->ctx) < 0) {
        cli_error("%s", damon_reclaim_last_error(session->ctx));
        session->result = CLI_FAILED;
    }
    return cli_flush() == CLI_OK ? session->result : CLI_FAILED;
}

/* What contradicts itself on the command line, beyond single options. */
static int check_options(const struct options *options, const char *backend)
{
    bool simulated = !strcmp(backend, "sim");

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

static int watch(struct session *session)
{
    int r;

    session->command->begin(session);
    r = exclude_start(&session->exclude, session->options, session->ctx);
    if (r == CLI_OK)
        r = processes_start(&session->processes, session->options, &session->exclude, session->ctx);
    if (r == CLI_OK)
        r = filters_set(session->options, session->ctx);
    if (r == CLI_OK)
        r = start(session);
    if (r != CLI_OK)
        return r;
    set_end(session);
    session->next_scan_ns = damon_reclaim_now(session->ctx) + SCAN_INTERVAL_NS;
    while (!session->end)
        step(session);
    return finish(session);
}

int session_run(struct options *options, const struct session_command *command, void *data)
{
    struct session session = {.options = options, .command = command, .data = data};
    const char *backend = backend_choose(options);
    int r = check_options(options, backend);

    if (r != CLI_OK)
        return r;
    session.signals = open_signals();
    if (session.signals < 0) {
        cli_error("signalfd: %s", strerror(errno));
        return CLI_FAILED;
    }
    session.simulated = !strcmp(backend, "sim");
    r = backend_open(options, backend, &callbacks, &session, &session.ctx);
    if (r == CLI_OK) {
        r = watch(&session);
        session.ctx = damon_reclaim_unref(session.ctx);
    }
    processes_free(&session.processes);
    exclude_free(&session.exclude);
    close(session.signals);
    return r;
}
