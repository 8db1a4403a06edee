/* SPDX-License-Identifier: MIT */
#include "damon_life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char error[512];
enum damon_reclaim_state last_state;
enum damon_reclaim_reason last_reason;
uint32_t gone;

static void state_changed(struct damon_reclaim *ctx, const struct damon_reclaim_event *event, void *userdata)
{
    (void)ctx;
    (void)userdata;
    last_state = event->state;
    last_reason = event->reason;
}

static void target_gone(struct damon_reclaim *ctx, uint32_t target, pid_t pid, void *userdata)
{
    (void)ctx;
    (void)pid;
    (void)userdata;
    gone = target;
}

int try_context(struct damon_reclaim **ret, const char *operations, uint32_t damon_flags, uint32_t flags)
{
    static const struct damon_reclaim_callbacks callbacks = {
        .size = sizeof(callbacks), .state_changed = state_changed, .target_gone = target_gone};
    struct damon_reclaim_damon_config damon = {.size = sizeof(damon), .operations = operations, .flags = damon_flags};
    struct damon_reclaim_config config = damon_fs_config();

    config.damon = &damon;
    config.callbacks = &callbacks;
    config.flags = flags;
    config.error = error;
    config.error_size = sizeof(error);
    return damon_reclaim_new(&config, ret);
}

struct damon_reclaim *new_context(const char *operations, uint32_t damon_flags, uint32_t flags)
{
    struct damon_reclaim *ctx = NULL;
    int r = try_context(&ctx, operations, damon_flags, flags);

    if (r < 0)
        ck_abort_msg("no context: %s", error);
    return ctx;
}

void set(struct damon_reclaim *ctx, const char *name, const char *value)
{
    ck_assert_int_eq(damon_reclaim_set(ctx, name, value), 0);
}

uint32_t add_process(struct damon_reclaim *ctx, pid_t pid)
{
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = pid};
    uint32_t id = UINT32_MAX;
    int r = damon_reclaim_add_target(ctx, &target, &id);

    if (r < 0)
        ck_abort_msg("no target: %s", damon_reclaim_last_error(ctx));
    return id;
}

void enable(struct damon_reclaim *ctx)
{
    int r = damon_reclaim_enable(ctx);

    if (r < 0)
        ck_abort_msg("not enabled: %s", damon_reclaim_last_error(ctx));
}

void run(struct damon_reclaim *ctx, unsigned int seconds)
{
    for (unsigned int i = 0; i < seconds * 100; i++) {
        fs->now_ns += SEC / 100;
        damon_reclaim_dispatch(ctx);
    }
}

struct damon_reclaim_stats stats_of(struct damon_reclaim *ctx)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};

    ck_assert_int_eq(damon_reclaim_get_stats(ctx, &stats), 0);
    return stats;
}

void is(const char *name, const char *value)
{
    const char *there = damon_value(name);

    if (!there || strcmp(there, value))
        ck_abort_msg("%s is %s, not %s", name, there ? there : "missing", value);
}

void nothing_left(void)
{
    is("nr_kdamonds", "0");
    ck_assert(!fs->running);
    ck_assert(!fs->has_record);
    ck_assert_int_eq(fs->locked_by, 0);
}

void says(struct damon_reclaim *ctx, const char *word)
{
    if (!strstr(damon_reclaim_last_error(ctx), word))
        ck_abort_msg("\"%s\" does not say \"%s\"", damon_reclaim_last_error(ctx), word);
}

/* Lets the thread be seen at work. */
void warm_up(struct damon_reclaim *ctx)
{
    for (int i = 0; i < 3; i++) {
        fs->counters[0].nr_tried += 10;
        run(ctx, 1);
    }
}

void foreign_kdamond(void)
{
    damon_echo("1", "nr_kdamonds");
    damon_echo("1", "0/contexts/nr_contexts");
    damon_echo("paddr", CONTEXT "operations");
    damon_echo("1", CONTEXT "targets/nr_targets");
    damon_echo("1", CONTEXT "targets/0/regions/nr_regions");
    ck_assert_int_eq(damon_echo("on", "0/state"), 0);
}

void kill_it(struct damon_fs *left)
{
    char *pid = strstr(left->record, "pid ");

    left->locked_by = 0;
    left->has_writer = false;
    left->pending = NULL;
    left->nr_open = left->memory.nr_blocks = 0;
    left->kill_write = 0;
    memset(left->fds, 0, sizeof(left->fds));
    memcpy(fs, left, sizeof(*fs));
    free(left);
    if (pid)
        strstr(fs->record, "pid ")[4] = '9'; /* another process */
}

void leave_behind(bool with_stat)
{
    struct damon_reclaim *ctx = new_context(NULL, with_stat ? DAMON_RECLAIM_DAMON_TAKE_OVER : 0, 0);
    struct damon_fs *left = malloc(sizeof(*left));

    ck_assert_ptr_nonnull(left);
    enable(ctx);
    memcpy(left, fs, sizeof(*left));
    damon_reclaim_unref(ctx);
    kill_it(left);
}
