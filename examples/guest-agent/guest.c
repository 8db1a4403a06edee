/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <linux/capability.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "agent/foreign.h"
#include "agent/hardening.h"
#include "agent/log.h"
#include "compaction.h"
#include "paramfs.h"
#include "report.h"

#define SECOND       UINT64_C(1000000000)
#define RETRY_AFTER  (10 * SECOND) /* the backend has failed */
#define ADVICE_EVERY (60 * SECOND)

/* --- callbacks --------------------------------------------------------------------------------------------------- */

static void state_changed(struct damon_reclaim *ctx, const struct damon_reclaim_event *event, void *userdata)
{
    struct guest *guest = userdata;

    (void)ctx;
    report_state(guest->report, event);
}

/* The caller of a function that fails logs the error, and what it wanted to do. */
static void log_line(struct damon_reclaim *ctx, uint32_t level, const char *text, void *userdata)
{
    log_library(ctx, level == DAMON_RECLAIM_LOG_ERROR ? DAMON_RECLAIM_LOG_DEBUG : level, text, userdata);
}

static void after_aggregation(struct damon_reclaim *ctx, void *userdata)
{
    struct guest *guest = userdata;

    advise_watch(guest->advise, ctx); /* without memory, this reading is skipped */
}

static void retry(struct loop_source *source, int value, void *userdata);

/* Called when dispatching failed. If this has disabled the context, it is enabled again later. */
static void failed(struct loop_source *source, int value, void *userdata)
{
    struct guest *guest = userdata;

    (void)source, (void)value;
    if (guest_stats(guest).reason != DAMON_RECLAIM_REASON_BACKEND)
        return;
    log_error("%s; retried in 10 s", damon_reclaim_last_error(guest->ctx));
    guest->retry = loop_remove(guest->retry);
    if (loop_add_timer(guest->agent->loop, RETRY_AFTER, 0, retry, guest, &guest->retry) < 0)
        log_error("no memory to retry it");
}

/* Does nothing if somebody has enabled or disabled it in the meantime. */
static void retry(struct loop_source *source, int value, void *userdata)
{
    struct guest *guest = userdata;

    if (guest_stats(guest).reason == DAMON_RECLAIM_REASON_BACKEND && damon_reclaim_enable(guest->ctx) < 0)
        failed(source, value, userdata);
}

static void tick(struct loop_source *source, int value, void *userdata)
{
    (void)source, (void)value;
    guest_upkeep(userdata);
}

static void tell_stats(struct loop_source *source, int value, void *userdata)
{
    struct guest *guest = userdata;

    (void)source, (void)value;
    report_stats(guest->report);
}

static void tell_advice(struct loop_source *source, int value, void *userdata)
{
    (void)source, (void)value;
    guest_log_advice(userdata);
}

static int on_get(void *userdata, const char *name, char *buf, size_t size)
{
    return guest_input_get(userdata, name, buf, size);
}

static int on_set(void *userdata, const char *name, const char *value)
{
    return guest_input_set(userdata, name, value);
}

/* --- beginning --------------------------------------------------------------------------------------------------- */

static int make_context(struct guest *guest, struct error_text *error)
{
    const struct config *config = guest->agent->config;
    struct damon_reclaim_damon_config damon = {
        .size = sizeof(damon), .flags = config_bool(config, NULL, "take_over") ? DAMON_RECLAIM_DAMON_TAKE_OVER : 0};
    struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks),
                                                .after_aggregation = guest->advise ? after_aggregation : NULL,
                                                .state_changed = state_changed,
                                                .log = log_line};
    struct damon_reclaim_config new = {
        .size = sizeof(new),
        .backend = config_text(config, NULL, "backend"),
        .callbacks = &callbacks,
        .userdata = guest,
        .root = config_text(config, NULL, "root"),
        .system_ops = foreign_system_ops(),
        .flags = (config_bool(config, NULL, "largest_ram") ? DAMON_RECLAIM_LARGEST_RAM : 0u) |
                 (guest->advise ? DAMON_RECLAIM_DRY_RUN : 0u),
        .error = error->text,
        .error_size = sizeof(error->text),
        .damon = &damon,
    };

    return damon_reclaim_new(&new, &guest->ctx);
}

static int make_reclaimer(struct guest *guest, struct error_text *error)
{
    bool dry_run = config_bool(guest->agent->config, NULL, "dry_run");
    int r = dry_run ? advise_new(&guest->advise) : 0;

    if (r < 0)
        return error_set(error, r, "no memory");
    r = make_context(guest, error);
    guest->staged.size = sizeof(guest->staged);
    if (r == 0)
        r = damon_reclaim_params_init(&guest->staged);
    return r == 0 ? never_apply(guest->agent->never, guest->ctx, error) : r;
}

static int add_sources(struct guest *guest, struct error_text *error)
{
    struct loop *loop = guest->agent->loop;
    uint64_t interval = config_number(guest->agent->config, NULL, "report_interval");
    int r = loop_add_context(loop, guest->ctx, failed, guest, &guest->source);

    if (r == 0)
        r = loop_add_timer(loop, SECOND, SECOND, tick, guest, &guest->tick);
    if (r == 0)
        r = loop_add_timer(loop, interval, interval, tell_stats, guest, &guest->stats);
    if (r == 0 && guest->advise)
        r = loop_add_timer(loop, ADVICE_EVERY, ADVICE_EVERY, tell_advice, guest, &guest->advice);
    return r < 0 ? error_set(error, r, "the event loop: %s", strerror(-r)) : 0;
}

/* The directory and the reports are not essential. If one of them fails, the daemon logs it and continues. */
static void open_extras(struct guest *guest)
{
    static const struct paramfs_calls calls = {.get = on_get, .set = on_set};
    const struct config *config = guest->agent->config;
    const char *directory = config_text(config, NULL, "parameters_directory");
    const char *place = config_text(config, NULL, "report_to");
    struct error_text error;
    char path[PATH_MAX];

    if (*place && report_new(guest, place, &guest->report, &error) < 0)
        log_warning("%s", error.text);
    if (!*directory)
        return;
    snprintf(path, sizeof(path), "%s%s", config_text(config, NULL, "root"), directory);
    if (paramfs_open(guest->agent->loop, path, &calls, guest, &guest->paramfs, &error) < 0)
        log_warning("%s; the daemon works without it", error.text);
    else
        log_info("parameters: %s", path);
}

static int start(struct agent *agent, struct error_text *error)
{
    struct guest *guest = agent->userdata;
    int r;

    guest->agent = agent;
    guest->backoff = BACKOFF_INIT;
    r = make_reclaimer(guest, error);
    if (r == 0) {
        r = compaction_new(agent->loop, config_text(agent->config, NULL, "root"), &guest->compaction);
        if (r < 0)
            error_set(error, r, "no memory");
    }
    if (r == 0)
        r = add_sources(guest, error);
    if (r < 0)
        return r;
    if (strcmp(config_text(agent->config, NULL, "backend"), "auto") != 0) /* the library has logged its choice */
        log_info("backend %s", damon_reclaim_backend_name(guest->ctx));
    guest_log_giving(guest);
    guest_upkeep(guest); /* do not count refaults from before the start */
    open_extras(guest);
    return guest_inputs_configure(guest, agent->config, error);
}

/* --- life -------------------------------------------------------------------------------------------------------- */

static int reload(struct agent *agent, const struct config *next, struct error_text *error)
{
    struct guest *guest = agent->userdata;
    uint64_t interval = config_number(next, NULL, "report_interval");
    int r = guest_inputs_configure(guest, next, error);

    if (r == 0)
        loop_set_timer(guest->stats, interval, interval);
    return r;
}

static int apply_never(struct agent *agent, struct error_text *error)
{
    const struct guest *guest = agent->userdata;

    return never_apply(agent->never, guest->ctx, error);
}

static int stop(struct agent *agent)
{
    struct guest *guest = agent->userdata;
    int r = 0;

    if (guest->advise && guest->ctx)
        guest_log_advice(guest);
    paramfs_close(guest->paramfs);
    guest->source = loop_remove(guest->source);
    loop_remove(guest->tick);
    loop_remove(guest->stats);
    loop_remove(guest->retry);
    loop_remove(guest->advice);
    if (guest->ctx)
        r = damon_reclaim_disable(guest->ctx); /* report the new configuration to the host */
    if (r < 0)
        log_error("%s", damon_reclaim_last_error(guest->ctx));
    report_free(guest->report);
    compaction_free(guest->compaction);
    damon_reclaim_unref(guest->ctx);
    advise_free(guest->advise);
    *guest = (struct guest){0};
    return r;
}

static const int capabilities[] = {CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_SYS_NICE, CAP_DAC_READ_SEARCH};

static unsigned int needs(const struct agent *agent)
{
    const struct guest *guest = agent->userdata;
    const char *place = config_text(agent->config, NULL, "report_to");
    unsigned int set = 0;

    if (guest->paramfs)
        set |= HARDENING_UMOUNT;
    if (!strncmp(place, "unix:", 5))
        set |= HARDENING_UNIX;
    if (!strncmp(place, "vsock:", 6))
        set |= HARDENING_VSOCK;
    if (!strcmp(damon_reclaim_backend_name(guest->ctx), "damon"))
        set |= HARDENING_URING; /* to write commands without waiting */
    return set;
}

static const struct config_option *const options[] = {agent_options, guest_options, NULL};

const struct agent_program guest_program = {
    .config = {.name = "damon-reclaim-guest",
               .summary = "reclaims the cold memory of the machine that it runs on",
               .file = CONFIG_DIR "/guest.conf",
               .options = options,
               .defaults = guest_defaults},
    .capabilities = capabilities,
    .nr_capabilities = sizeof(capabilities) / sizeof(capabilities[0]),
    .needs = needs,
    .start = start,
    .reload = reload,
    .apply_never = apply_never,
    .metrics = guest_metrics,
    .status = guest_status,
    .stop = stop,
};
