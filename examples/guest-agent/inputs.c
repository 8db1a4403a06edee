/* SPDX-License-Identifier: MIT */
/* The parameters: staging them on the desk, and putting them into effect. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "guest.h"

int guest_desk_new(struct guest *guest, struct agent_error *error)
{
    /* Any context will do, and simulated memory needs nothing of the machine. */
    static const char workload[] = "r, 4096\n\np\n1\nr, 1, 4096, 1, rw\n";
    struct damon_reclaim_sim_config sim = {.size = sizeof(sim), .workload = workload, .workload_name = "desk"};
    struct damon_reclaim_config config = {
        .size = sizeof(config), .backend = "sim", .sim = &sim, .error = error->text, .error_size = sizeof(error->text)};

    return damon_reclaim_new(&config, &guest->desk);
}

static bool is_switch(const char *name)
{
    return !strcmp(name, "enabled") || !strcmp(name, "commit_inputs");
}

/* Finds a parameter in the table. */
static bool describe(const char *name, struct damon_reclaim_param_info *ret)
{
    *ret = (struct damon_reclaim_param_info){.size = sizeof(*ret)};
    for (size_t i = 0; damon_reclaim_param_describe(i, ret) == 0; i++)
        if (!strcmp(ret->name, name))
            return true;
    return false;
}

int guest_input_get(struct guest *guest, const char *name, char *buf, size_t size)
{
    struct damon_reclaim_param_info info;
    bool staged = describe(name, &info) && !info.read_only && !is_switch(name);

    return damon_reclaim_get(staged ? guest->desk : guest->ctx, name, buf, size);
}

/* Lowers the quota in a set of parameters to what the back-off allows. */
static struct damon_reclaim_params scaled(const struct guest *guest, const struct damon_reclaim_params *params)
{
    struct damon_reclaim_params result = *params;

    result.quota_sz = backoff_scale(&guest->backoff, params->quota_sz, guest_stats(guest).monitored_bytes);
    if (params->quota_ms)
        result.quota_ms = backoff_scale(&guest->backoff, params->quota_ms, 0);
    return result;
}

/* Stages the parameters of the desk in the context, which commits them next. */
static int stage_desk(struct guest *guest, struct damon_reclaim_params *ret)
{
    struct damon_reclaim_params params;

    *ret = (struct damon_reclaim_params){.size = sizeof(*ret)};
    damon_reclaim_get_params(guest->desk, ret);
    params = scaled(guest, ret);
    return damon_reclaim_set_params(guest->ctx, &params);
}

/* Whether a boolean is true. The library checks whether it is a boolean at all. */
static bool is_on(const char *value)
{
    return (*value && strchr("yY1tT", *value)) || !strcmp(value, "on");
}

static int switch_set(struct guest *guest, const char *name, const char *value)
{
    bool nothing_new = !strcmp(name, "enabled") && guest_stats(guest).state != DAMON_RECLAIM_STATE_DISABLED;
    bool commits = is_on(value) && !nothing_new;
    struct damon_reclaim_params params;
    int r = commits ? stage_desk(guest, &params) : 0;

    if (r == 0)
        r = damon_reclaim_set(guest->ctx, name, value);
    if (r == 0 && commits)
        guest->committed = params;
    return r;
}

/* The kernel's module accepts no units, so a value with a unit is refused here as well. */
static bool is_bare(const char *value)
{
    char *end;

    if (*value < '0' || *value > '9')
        return false;
    strtoull(value, &end, 0);
    return !*end;
}

int guest_input_set(struct guest *guest, const char *name, const char *value)
{
    struct damon_reclaim *ctx = is_switch(name) ? guest->ctx : guest->desk;
    struct damon_reclaim_param_info info;
    int r;

    if (!describe(name, &info))
        return -ENOENT;
    if (info.type != DAMON_RECLAIM_PARAM_BOOL && !is_bare(value)) {
        log_warning("%s: \"%.40s\" is not a number of %s", name, value, info.unit);
        return -EINVAL;
    }
    r = is_switch(name) ? switch_set(guest, name, value) : damon_reclaim_set(ctx, name, value);
    if (r < 0)
        log_warning("%s was written: %s", name, damon_reclaim_last_error(ctx));
    else
        log_info("%s was written: %s", name, value);
    return r == -ERANGE ? -EINVAL : r;
}

/* Puts the parameters of the desk into effect, and enables or disables the context. */
static int apply(struct guest *guest, bool enabled)
{
    struct damon_reclaim_params params;
    int r = stage_desk(guest, &params);

    if (r == 0)
        r = damon_reclaim_commit(guest->ctx);
    if (r == 0)
        guest->committed = params;
    if (r == 0)
        r = enabled ? damon_reclaim_enable(guest->ctx) : damon_reclaim_disable(guest->ctx);
    return r;
}

int guest_inputs_configure(struct guest *guest, const struct config *config, struct agent_error *error)
{
    bool was_enabled = guest_stats(guest).state != DAMON_RECLAIM_STATE_DISABLED;
    struct damon_reclaim_params staged = {.size = sizeof(staged)}, committed = guest->committed;
    int r;

    damon_reclaim_get_params(guest->desk, &staged);
    r = damon_reclaim_set_params(guest->desk, config_params(config));
    if (r < 0)
        return agent_fail(error, r, "%s", damon_reclaim_last_error(guest->desk));
    r = apply(guest, config_enabled(config));
    if (r < 0) {
        agent_fail(error, r, "%s", damon_reclaim_last_error(guest->ctx));
        if (committed.size && damon_reclaim_set_params(guest->desk, &committed) == 0)
            apply(guest, was_enabled); /* it was valid before */
        damon_reclaim_set_params(guest->desk, &staged);
    }
    return r;
}

void guest_inputs_scale(struct guest *guest)
{
    struct damon_reclaim_params params = scaled(guest, &guest->committed);

    if (damon_reclaim_set_params(guest->ctx, &params) < 0 || damon_reclaim_commit(guest->ctx) < 0)
        log_warning("the quota cannot be changed: %s", damon_reclaim_last_error(guest->ctx));
}
