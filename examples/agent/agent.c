/* SPDX-License-Identifier: MIT */
#include "agent.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "begin.h"
#include "foreign.h"
#include "hardening.h"
#include "http.h"
#include "lock.h"
#include "log.h"
#include "notify.h"
#include "process.h"

#define SECOND          UINT64_C(1000000000)
#define STATUS_INTERVAL (5 * SECOND)
#define HTTP_INTERVAL   (5 * SECOND)

/* The agent, and what its daemon need not see. */
struct life {
    struct agent agent;
    struct config *config;
    struct metrics *metrics;
    struct http *http;
    struct loop_source *textfile; /* the timer; NULL: none is written */
    bool textfile_failed;         /* told already */
    uint64_t nr_reloads, nr_refused;
    bool refused; /* the last reload */
    int lock;
};

void agent_fatal(struct agent *agent, const struct error_text *error)
{
    log_error("%s", error->text);
    loop_stop(agent->loop, 1);
}

static void refresh(struct metrics *metrics, void *userdata)
{
    struct life *life = userdata;
    const struct agent_program *program = life->agent.program;
    const struct metrics_label versions[] = {{"daemon", program->config.name},
                                             {"library", damon_reclaim_version_string()}};

    metrics_clear(metrics);
    metrics_uint(metrics, METRIC_BUILD_INFO, versions, 2, 1);
    metrics_uint(metrics, METRIC_ERRORS, NULL, 0, log_nr_errors());
    metrics_uint(metrics, METRIC_RELOADS, &(struct metrics_label){"result", "applied"}, 1, life->nr_reloads);
    metrics_uint(metrics, METRIC_RELOADS, &(struct metrics_label){"result", "refused"}, 1, life->nr_refused);
    program->metrics(&life->agent, metrics);
}

static void write_textfile(struct loop_source *source, int value, void *userdata)
{
    struct life *life = userdata;
    struct error_text error;

    (void)source, (void)value;
    refresh(life->metrics, life);
    if (metrics_write_file(life->metrics, config_text(life->config, NULL, "metrics_textfile"), &error) == 0) {
        life->textfile_failed = false;
    } else if (!life->textfile_failed) {
        log_error("%s", error.text); /* once, not every few seconds */
        life->textfile_failed = true;
    }
}

/* What nobody writes any more must not be collected as if it were so for ever. */
static void remove_textfile(struct life *life)
{
    const char *path = config_text(life->config, NULL, "metrics_textfile");

    if (life->textfile && unlink(path) < 0 && errno != ENOENT)
        log_warning("%s: cannot be removed and tells old values from now on: %s", path, strerror(errno));
}

static void tell_status(struct loop_source *source, int value, void *userdata)
{
    struct life *life = userdata;
    char text[400] = "";

    (void)source, (void)value;
    log_tell_left_out(false);
    life->agent.program->status(&life->agent, text, sizeof(text));
    notify_status("%s%s", life->refused ? "(the last reload was refused, see the log) " : "", text);
}

static void feed_watchdog(struct loop_source *source, int value, void *userdata)
{
    (void)source, (void)value, (void)userdata;
    notify_watchdog();
}

static int apply_never(struct life *life, struct error_text *error)
{
    const struct agent_program *program = life->agent.program;

    return program->apply_never ? program->apply_never(&life->agent, error) : 0;
}

static void end(struct loop_source *source, int number, void *userdata)
{
    struct life *life = userdata;

    (void)source;
    log_info("ends by signal %d (%s)", number, strsignal(number));
    loop_stop(life->agent.loop, 0);
}

static void set_log_level(const struct config *config)
{
    enum damon_reclaim_log_level level;

    if (damon_reclaim_log_level_from_name(config_text(config, NULL, "log_level"), &level) == 0)
        log_set_level(level);
}

/* What of the configuration is the agent's own. */
static void apply_own(struct life *life)
{
    uint64_t interval = config_number(life->config, NULL, "metrics_interval");

    set_log_level(life->config);
    if (life->textfile)
        loop_set_timer(life->textfile, interval, interval);
}

/* What is listed must never be reclaimed, and nobody else would stop it. */
static int end_unprotected(struct life *life, const struct error_text *error)
{
    struct error_text why;
    int r =
        error_set(&why, -EIO, "%s; the daemon ends, because memory would be reclaimed that is never to be reclaimed",
                  error->text);

    agent_fatal(&life->agent, &why);
    return r;
}

static int take_over(struct life *life, struct config *next, struct error_text *error)
{
    struct never *never = NULL, *old = life->agent.never;
    struct error_text again;
    int r = never_new(next, config_text(next, NULL, "root"), &never, error);

    if (r < 0)
        return r;
    life->agent.never = never;
    r = apply_never(life, error);
    if (r < 0)
        return end_unprotected(life, error);
    r = life->agent.program->reload(&life->agent, next, error);
    if (r < 0) {
        life->agent.never = old;
        if (apply_never(life, &again) < 0)
            end_unprotected(life, &again);
        never_free(never);
        return r;
    }
    never_free(old);
    config_free(life->config);
    life->config = next;
    life->agent.config = next;
    return 0;
}

static void reload(struct loop_source *source, int number, void *userdata)
{
    struct life *life = userdata;
    struct error_text error = {""};
    struct config *next = NULL;
    int r;

    (void)source, (void)number;
    notify_reloading();
    r = config_reload(life->config, &next, &error);
    if (r == 0)
        r = take_over(life, next, &error);
    life->refused = r < 0;
    if (r == 0) {
        life->nr_reloads++;
        apply_own(life);
        agent_warn_of_missing(life->config);
        log_info("the configuration was reloaded");
    } else {
        if (life->config != next)
            config_free(next);
        life->nr_refused++;
        log_error("%s; the configuration is unchanged", error.text);
    }
    notify_ready();
    tell_status(NULL, 0, life);
}

static int add_sources(struct life *life, struct error_text *error)
{
    struct loop *loop = life->agent.loop;
    uint64_t watchdog = notify_watchdog_interval_ns();
    int r = loop_add_signal(loop, SIGTERM, end, life, NULL);

    if (r == 0)
        r = loop_add_signal(loop, SIGINT, end, life, NULL);
    if (r == 0)
        r = loop_add_signal(loop, SIGHUP, reload, life, NULL);
    if (r == 0)
        r = loop_add_timer(loop, STATUS_INTERVAL, STATUS_INTERVAL, tell_status, life, NULL);
    if (r == 0 && watchdog)
        r = loop_add_timer(loop, watchdog, watchdog, feed_watchdog, life, NULL);
    if (r == 0 && *config_text(life->config, NULL, "metrics_textfile"))
        r = loop_add_timer(loop, 0, config_number(life->config, NULL, "metrics_interval"), write_textfile, life,
                           &life->textfile);
    return r < 0 ? error_set(error, r, "the event loop: %s", strerror(-r)) : 0;
}

static int open_http(struct life *life, struct error_text *error)
{
    const struct config *config = life->config;
    const char *address = config_text(config, NULL, "metrics_address");
    int r = http_open(life->agent.loop, address, (uint16_t)config_number(config, NULL, "metrics_port"), life->metrics,
                      refresh, life, &life->http, error);

    if (r == 0)
        log_info("metrics: http://%s%s%s:%u/metrics", strchr(address, ':') ? "[" : "", address,
                 strchr(address, ':') ? "]" : "", (unsigned int)http_port(life->http));
    return r;
}

static void try_http_again(struct loop_source *timer, int value, void *userdata)
{
    struct life *life = userdata;
    struct error_text error;
    int r = open_http(life, &error);

    (void)value;
    if (r == -EADDRINUSE)
        return;
    if (r < 0)
        log_error("%s", error.text);
    loop_remove(timer);
}

/* A port that somebody else has, perhaps to keep us from starting, is no reason not to work. */
static int serve_metrics(struct life *life, struct error_text *error)
{
    int r = 0;

    if (config_bool(life->config, NULL, "metrics_http"))
        r = open_http(life, error);
    if (r != -EADDRINUSE)
        return r;
    log_warning("%s; trying again every %u s", error->text, (unsigned int)(HTTP_INTERVAL / SECOND));
    return loop_add_timer(life->agent.loop, HTTP_INTERVAL, HTTP_INTERVAL, try_http_again, life, NULL);
}

static unsigned int needs(const struct life *life)
{
    const struct agent_program *program = life->agent.program;
    unsigned int set = program->needs ? program->needs(&life->agent) : 0;

    if (getenv("NOTIFY_SOCKET"))
        set |= HARDENING_UNIX | HARDENING_VSOCK; /* of a manager, or of the host of a virtual machine */
    if (config_bool(life->config, NULL, "metrics_http"))
        set |= HARDENING_LISTEN; /* also for trying again */
    return set;
}

/* A build or a kernel that cannot do it is no reason not to work, but one to say so. */
static void give_up_privileges(const struct life *life)
{
    const struct agent_program *program = life->agent.program;
    struct error_text error;

    if (!config_bool(life->config, NULL, "drop_privileges"))
        return;
    if (hardening_keep_capabilities(program->capabilities, program->nr_capabilities, &error) < 0)
        log_warning("%s", error.text);
    if (hardening_filter_calls(needs(life), &error) < 0)
        log_warning("%s", error.text);
}

static void warn(const char *text)
{
    log_warning("%s", text);
}

int agent_begin_foreign(const struct config *config, const char *note, struct error_text *error)
{
    const char *const *users;
    size_t n = config_list(config, NULL, "trusted_users", &users);
    int r = foreign_begin(config_text(config, NULL, "root"), note, warn, error);

    return r == 0 ? foreign_trust(users, n, !config_is_set(config, NULL, "trusted_users"), error) : r;
}

static int begin_foreign(const struct life *life, const char *directory, struct error_text *error)
{
    char note[PATH_MAX + 64];

    snprintf(note, sizeof(note), "%s/%s.reading", directory, life->agent.program->config.name);
    return agent_begin_foreign(life->config, note, error);
}

/* Where the lock is by default, and the library's record of the kernel's DAMON: a unit makes it, but who starts a
 * daemon by hand has none, and later the daemon may not. What is wrong with it shows when it is used. */
static void make_runtime_directory(const char *root)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/run/damon-reclaim", root);
    mkdir(path, 0700);
}

/* What there is before the daemon's own. */
static int prepare(struct life *life, struct error_text *error)
{
    const char *root = config_text(life->config, NULL, "root");
    char directory[PATH_MAX];
    int r;

    make_runtime_directory(root);
    snprintf(directory, sizeof(directory), "%s%s", root, config_text(life->config, NULL, "lock_directory"));
    life->lock = lock_acquire(directory, life->agent.program->config.name, error);
    if (life->lock < 0)
        return life->lock;
    agent_warn_of_missing(life->config);
    r = begin_foreign(life, directory, error);
    if (r == 0)
        r = never_new(life->config, root, &life->agent.never, error);
    if (r < 0)
        return r;
    r = loop_new(&life->agent.loop);
    if (r == 0)
        r = metrics_new(&life->metrics);
    if (r < 0)
        return error_set(error, r, "%s", strerror(-r));
    r = add_sources(life, error);
    if (r == 0)
        process_release_signals();
    return r;
}

static int live(struct life *life)
{
    struct error_text error = {""};
    const struct agent_program *program = life->agent.program;
    bool started = false;
    int r = prepare(life, &error);

    if (r == 0) {
        started = true;
        r = program->start(&life->agent, &error);
    }
    if (r == 0)
        r = serve_metrics(life, &error);
    if (r < 0) {
        log_error("%s", error.text);
        r = 1;
    } else {
        give_up_privileges(life);
        notify_ready();
        tell_status(NULL, 0, life);
        r = loop_run(life->agent.loop);
        if (r < 0) {
            log_error("the event loop: %s", strerror(-r));
            r = 1;
        }
    }
    notify_stopping();
    remove_textfile(life);
    log_tell_left_out(true);
    if (started && program->stop(&life->agent) < 0)
        r = 1;
    return r;
}

int agent_main(const struct agent_program *program, int argc, char **argv, void *userdata)
{
    struct life life = {.agent = {.program = program, .userdata = userdata}, .lock = -1};
    int r;

    process_begin();
    if (!agent_begin(&program->config, argc, argv, &life.config, &r))
        return r;
    life.agent.config = life.config;
    set_log_level(life.config);
    process_hold_signals();
    r = live(&life);
    http_close(life.http);
    metrics_free(life.metrics);
    loop_free(life.agent.loop);
    never_free(life.agent.never);
    foreign_end();
    lock_release(life.lock);
    config_free(life.config);
    return r;
}
