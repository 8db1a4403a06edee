/* SPDX-License-Identifier: MIT */
/* A daemon like the real ones, on simulated memory: what test_daemon.sh runs. */
#include <damon_reclaim/damon_reclaim.h>

#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/backoff.h"
#include "agent/log.h"

static struct damon_reclaim *ctx;
static struct backoff backoff = {.factor = BACKOFF_FULL};

static int start(struct agent *agent, struct error_text *error)
{
    struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks), .log = log_library};
    struct damon_reclaim_config config = {.size = sizeof(config),
                                          .backend = "sim",
                                          .callbacks = &callbacks,
                                          .error = error->text,
                                          .error_size = sizeof(error->text)};
    int r = damon_reclaim_new(&config, &ctx);

    if (r == 0)
        r = config_apply(agent->config, ctx, error);
    if (r == 0)
        r = never_apply(agent->never, ctx, error);
    if (r == 0)
        r = loop_add_context(agent->loop, ctx, NULL, NULL, NULL);
    if (r == 0 && config_enabled(agent->config)) {
        r = damon_reclaim_enable(ctx);
        if (r < 0)
            error_set(error, r, "%s", damon_reclaim_last_error(ctx));
    }
    return r;
}

static int reload(struct agent *agent, const struct config *next, struct error_text *error)
{
    (void)agent;
    return config_apply(next, ctx, error);
}

static void add_metrics(struct agent *agent, struct metrics *metrics)
{
    (void)agent;
    metrics_context(metrics, ctx, &backoff, NULL, 0);
}

static void tell(struct agent *agent, char *buf, size_t size)
{
    char value[32];

    (void)agent;
    damon_reclaim_get(ctx, "min_age", value, sizeof(value));
    snprintf(buf, size, "min_age %s", value);
    log_info("%s", buf);
}

static int stop(struct agent *agent)
{
    (void)agent;
    ctx = damon_reclaim_unref(ctx);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct config_option *const tables[] = {agent_options, NULL};
    static const struct agent_program program = {
        .config = {.name = "sample", .summary = "watches simulated memory", .options = tables},
        .start = start,
        .reload = reload,
        .metrics = add_metrics,
        .status = tell,
        .stop = stop,
    };

    return agent_main(&program, argc, argv, NULL);
}
