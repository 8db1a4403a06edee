/* SPDX-License-Identifier: MIT */
/* The parameters: staged in a set of the daemon's own, and put into effect. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "guest.h"

static bool is_switch(const char *name)
{
    return !strcmp(name, "enabled") || !strcmp(name, "commit_inputs");
}

/* Finds a parameter in the table. */
static bool describe(const char *name, struct damon_reclaim_param_info *ret)
{
    int index = damon_reclaim_param_find(name);

    *ret = (struct damon_reclaim_param_info){.size = sizeof(*ret)};
    return index >= 0 && damon_reclaim_param_describe((size_t)index, ret) == 0;
}

int guest_input_get(struct guest *guest, const char *name, char *buf, size_t size)
{
    struct damon_reclaim_param_info info;
    bool staged = describe(name, &info) && !info.read_only && !is_switch(name);

    return staged ? damon_reclaim_params_get(&guest->staged, name, buf, size)
                  : damon_reclaim_get(guest->ctx, name, buf, size);
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

/* Stages in the context what the daemon has staged, within the quota of the back-off. */
static int stage(struct guest *guest)
{
    struct damon_reclaim_params params = scaled(guest, &guest->staged);

    return damon_reclaim_set_params(guest->ctx, &params);
}

static int switch_set(struct guest *guest, const char *name, const char *value)
{
    bool nothing_new = !strcmp(name, "enabled") && guest_stats(guest).state != DAMON_RECLAIM_STATE_DISABLED;
    bool on = false, commits;
    int r;

    damon_reclaim_parse_bool(value, &on); /* damon_reclaim_set() refuses what is no switch */
    commits = on && !nothing_new;
    r = commits ? stage(guest) : 0;

    if (r == 0)
        r = damon_reclaim_set(guest->ctx, name, value);
    if (r == 0 && commits)
        guest->committed = guest->staged;
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
    struct damon_reclaim_param_info info;
    char text[256] = "";
    int r;

    if (!describe(name, &info))
        return -ENOENT;
    if (info.type != DAMON_RECLAIM_PARAM_BOOL && !is_bare(value)) {
        log_warning("%s: \"%.40s\" is not a number of %s", name, value, info.unit);
        return -EINVAL;
    }
    if (is_switch(name))
        r = switch_set(guest, name, value);
    else
        r = damon_reclaim_params_set(&guest->staged, name, value, text, sizeof(text));
    if (r < 0)
        log_warning("%s was written: %s", name, *text ? text : damon_reclaim_last_error(guest->ctx));
    else
        log_info("%s was written: %s", name, value);
    return r == -ERANGE ? -EINVAL : r;
}

/* Puts what is staged into effect, and enables or disables. */
static int apply(struct guest *guest, bool enabled)
{
    int r = stage(guest);

    if (r == 0)
        r = damon_reclaim_commit(guest->ctx);
    if (r == 0)
        guest->committed = guest->staged;
    if (r == 0)
        r = enabled ? damon_reclaim_enable(guest->ctx) : damon_reclaim_disable(guest->ctx);
    return r;
}

int guest_inputs_configure(struct guest *guest, const struct config *config, struct error_text *error)
{
    bool was_enabled = guest_stats(guest).state != DAMON_RECLAIM_STATE_DISABLED;
    const struct damon_reclaim_params staged = guest->staged, committed = guest->committed;
    int r;

    guest->staged = *config_params(config);
    r = apply(guest, config_enabled(config));
    if (r == 0)
        return 0;
    error_set(error, r, "%s", damon_reclaim_last_error(guest->ctx));
    if (committed.size) { /* was good before */
        guest->staged = committed;
        apply(guest, was_enabled);
    }
    guest->staged = staged;
    return r;
}

void guest_inputs_scale(struct guest *guest)
{
    struct damon_reclaim_params params = scaled(guest, &guest->committed);

    if (damon_reclaim_set_params(guest->ctx, &params) < 0 || damon_reclaim_commit(guest->ctx) < 0)
        log_warning("the quota cannot be changed: %s", damon_reclaim_last_error(guest->ctx));
}
