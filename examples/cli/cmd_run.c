/* SPDX-License-Identifier: MIT */
/* run: watches memory, reclaims what is cold, and says what it came to. */
#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"
#include "output.h"
#include "session.h"

#define DRAW_INTERVAL_NS UINT64_C(100000000)

struct run {
    struct watcher watcher;
    bool progress;         /* drawn on a terminal */
    bool drawn;            /* there is a line of it */
    uint64_t next_draw_ns; /* real time */
};

static void wipe(struct session *session)
{
    struct run *run = session->data;

    if (run->drawn)
        text_wipe();
    run->drawn = false;
}

static void begin(struct session *session)
{
    struct run *run = session->data;

    watcher_start(&run->watcher, session->ctx, session->options->workload);
    run->watcher.facts.dry_run = session->options->dry_run;
}

static void after_aggregation(struct session *session)
{
    struct run *run = session->data;
    uint64_t now = clock_now_ns();
    bool draw = run->progress && now >= run->next_draw_ns;

    if (!draw && !session->options->json)
        return;
    watcher_read(&run->watcher);
    if (session->options->json) {
        json_aggregation(&run->watcher.facts);
        if (ferror(stdout))
            session_end(session, "the output is closed", CLI_FAILED);
    }
    if (draw) {
        run->next_draw_ns = now + DRAW_INTERVAL_NS;
        run->drawn = true;
        text_progress(&run->watcher.facts);
    }
}

static void finish(struct session *session)
{
    struct run *run = session->data;

    watcher_read(&run->watcher);
    watcher_read_truth(&run->watcher);
    run->watcher.facts.end = session->end;
    if (session->options->json)
        json_summary(&run->watcher.facts, session->ctx);
    else if (!session->options->quiet)
        text_summary(&run->watcher.facts);
}

static const struct session_command command = {
    .begin = begin,
    .after_aggregation = after_aggregation,
    .wipe = wipe,
    .finish = finish,
};

static int run(struct options *options)
{
    struct run run = {.progress = !options->quiet && isatty(STDERR_FILENO)};
    int r = session_run(options, &command, &run);

    watcher_free(&run.watcher);
    return r;
}

static void adjust(const struct config *config, struct damon_reclaim_params *params)
{
    if (!config_bool(config, NULL, "no_watermarks"))
        return;
    params->wmarks_high = params->wmarks_mid = 1000;
    params->wmarks_low = 0;
}

const struct command command_run = {
    "run",           NULL, "watch memory, reclaim what is cold, and print a summary", run, .takes_parameters = true,
    .adjust = adjust};
