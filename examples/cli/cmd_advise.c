/* SPDX-License-Identifier: MIT */
/* advise: watches memory, touches nothing, and says what each min_age would have reclaimed, and how much of it in vain.
 */
#include "common/advise.h"

#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "output.h"
#include "session.h"

struct advising {
    struct advise *advise;
    uint64_t next_ns; /* of the context's clock: when to say what is known */
};

static void say(struct session *session)
{
    struct advising *advising = session->data;
    struct advice advice = {
        .backend = damon_reclaim_backend_name(session->ctx),
        .workload = session->options->workload,
        .end = session->end,
        .tolerance = (uint32_t)session->options->tolerance,
    };

    advise_get(advising->advise, advice.tolerance, &advice.report);
    if (session->options->json)
        json_advice(&advice);
    else
        text_advice(&advice);
}

/* There is something to learn however much memory is free. The advice is as good as the regions tell used memory from
 * idle memory beside it, and idle neighbours become one region whatever their ages: up to half a percent of all. */
static void adjust(const struct config *config, struct damon_reclaim_params *params)
{
    (void)config;
    params->wmarks_high = params->wmarks_mid = 1000;
    params->wmarks_low = 0;
    params->min_nr_regions = 200;
}

static void begin(struct session *session)
{
    struct advising *advising = session->data;

    advising->next_ns =
        session->options->interval_ns ? damon_reclaim_now(session->ctx) + session->options->interval_ns : UINT64_MAX;
}

static void after_aggregation(struct session *session)
{
    struct advising *advising = session->data;
    int r = advise_watch(advising->advise, session->ctx);

    if (r < 0) {
        cli_error("the regions cannot be read: %s", strerror(-r));
        session_end(session, "failed", CLI_FAILED);
    } else if (damon_reclaim_now(session->ctx) >= advising->next_ns) {
        advising->next_ns += session->options->interval_ns;
        say(session);
        if (ferror(stdout))
            session_end(session, "the output is closed", CLI_FAILED);
    }
}

static const struct session_command command = {
    .begin = begin,
    .after_aggregation = after_aggregation,
    .finish = say,
};

static int advise(struct options *options)
{
    const char *backend = backend_choose(options);
    struct advising advising = {0};
    int r = advise_new(&advising.advise);

    if (r < 0) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    options->dry_run = true;
    /* Of processes the library then has the regions at once, and need not read them from many files now and then. */
    options->monitor_only = processes_selected(options) && (!strcmp(backend, "auto") || !strcmp(backend, "damon"));
    r = session_run(options, &command, &advising);
    advise_free(advising.advise);
    return r;
}

const struct command command_advise = {
    "advise",        NULL, "watch memory, reclaim nothing, and advise a min_age", advise, .takes_parameters = true,
    .adjust = adjust};
