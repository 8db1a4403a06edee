/* SPDX-License-Identifier: MIT */
/* The loop: what the descriptor says, what dispatch does early and late, run and stop. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <unistd.h>

#include "scripted.h"

SCRIPTED_FIXTURE(s);

/* A context on the system's clock, which is the test's. */
static struct damon_reclaim *start(void)
{
    struct damon_reclaim *ctx;

    s.ops.now = NULL;
    s.ops.advance = NULL;
    ctx = scripted_new(&s, 0);
    return ctx;
}

/* The timer is set to when there is work, and dispatch does it then and not before. */
TEST(test_due)
{
    struct damon_reclaim *ctx = start();
    int fd = damon_reclaim_get_fd(ctx);

    ck_assert_int_ge(fd, 0);
    ck_assert_uint_eq(s.timer_ns, 0);
    reclaim_dispatch(ctx); /* disabled: nothing */
    ck_assert_uint_eq(s.timer_ns, 0);
    reclaim_enable(ctx);
    ck_assert_uint_eq(s.timer_ns, s.system_ns + 5 * MS);
    for (int i = 0; i < 10; i++)
        reclaim_dispatch(ctx);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_samples, 0);
    s.system_ns = s.timer_ns - 1;
    reclaim_dispatch(ctx);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_samples, 0);
    s.system_ns += 1;
    reclaim_dispatch(ctx);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_samples, 1);
    ck_assert_uint_eq(s.timer_ns, s.system_ns + 5 * MS);
    reclaim_dispatch(ctx);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_samples, 1);
    s.system_ns += 100 * SEC; /* late: once, and then a whole interval of rest */
    reclaim_dispatch(ctx);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_samples, 2);
    ck_assert_uint_eq(s.timer_ns, s.system_ns + 5 * MS);
    reclaim_dispatch(ctx);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_samples, 2);
    ck_assert_int_eq(damon_reclaim_get_fd(ctx), fd);
    damon_reclaim_disable(ctx);
    ck_assert_uint_eq(s.timer_ns, 0);
    ck_assert_int_eq(damon_reclaim_get_fd(ctx), fd);
}

/* A little late now and then does not make the beat slower. */
TEST(test_beat)
{
    struct damon_reclaim *ctx = start();
    uint64_t begin = s.system_ns;

    reclaim_enable(ctx);
    for (uint64_t i = 1; i <= 1000; i++) {
        s.system_ns = s.timer_ns + i % 4 * MS;
        reclaim_dispatch(ctx);
        expect_eq(reclaim_stats(ctx).nr_samples, i);
        expect(s.system_ns - begin < i * 5 * MS + 4 * MS);
    }
}

/* While the watermarks keep it inactive the timer waits for the next look at them. */
TEST(test_due_inactive)
{
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme), .max_nr_accesses = UINT32_MAX, .action = DAMON_RECLAIM_ACTION_STAT};
    struct damon_reclaim *ctx = start();

    s.free_permille = 900;
    reclaim_enable(ctx);
    ck_assert_uint_eq(s.timer_ns, s.system_ns + 5 * SEC);
    /* A scheme that may work at once is work that is due at once. */
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, NULL), 0);
    ck_assert_uint_le(s.timer_ns, s.system_ns);
    ck_assert_uint_gt(s.timer_ns, 0);
    reclaim_dispatch(ctx);
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    ck_assert_uint_eq(s.timer_ns, s.system_ns + 5 * MS);
    ck_assert_int_eq(damon_reclaim_remove_scheme(ctx, 1), 0);
    s.system_ns += 200 * MS;
    reclaim_dispatch(ctx);
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_INACTIVE);
    reclaim_set(ctx, "wmarks_high=1000");
    reclaim_commit(ctx); /* and so is a look at watermarks that have changed */
    ck_assert_uint_le(s.timer_ns, s.system_ns);
}

static bool readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, timeout_ms) == 1;
}

/* The same with a real timer: readable when there is work, and not after it is done. */
TEST(test_real_fd)
{
    struct damon_reclaim *ctx;
    int fd;

    s.ops.now = NULL;
    s.ops.advance = NULL;
    s.real_system = true;
    ctx = scripted_new(&s, 0);
    fd = damon_reclaim_get_fd(ctx);
    ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ck_assert_int_eq(readable(fd, 0), false);
    reclaim_set(ctx, "sample_interval=1ms");
    reclaim_enable(ctx);
    for (uint64_t i = 0; i < 3; i++) {
        ck_assert_int_eq(readable(fd, 10000), true);
        reclaim_dispatch(ctx);
    }
    ck_assert_uint_ge(reclaim_stats(ctx).nr_samples, 2);
    reclaim_set(ctx, "sample_interval=1h aggr_interval=1h wmarks_interval=1h");
    reclaim_commit(ctx);
    ck_assert_int_eq(readable(fd, 10000),
                     true); /* the changed watermarks, and the tick that was due by the old interval */
    for (int i = 0; i < 2 && readable(fd, 10); i++)
        reclaim_dispatch(ctx);
    ck_assert_int_eq(readable(fd, 0), false);
    damon_reclaim_stop(ctx);
    ck_assert_int_eq(readable(fd, 0), true);
    reclaim_dispatch(ctx);
    ck_assert_int_eq(readable(fd, 0), false);
    damon_reclaim_disable(ctx);
    ck_assert_int_eq(readable(fd, 0), false);
}

/* With a virtual clock there is always work. */
TEST(test_virtual_fd)
{
    struct damon_reclaim *ctx;
    int fd;

    s.real_system = true;
    ctx = scripted_new(&s, 0);
    fd = damon_reclaim_get_fd(ctx);
    ck_assert_int_eq(readable(fd, 0), false);
    reclaim_enable(ctx);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(readable(fd, 1000), true);
        reclaim_dispatch(ctx);
    }
    ck_assert_uint_ge(reclaim_stats(ctx).nr_samples, 99);
    damon_reclaim_disable(ctx);
    ck_assert_int_eq(readable(fd, 0), false);
    reclaim_enable(ctx);
    ck_assert_int_eq(readable(fd, 1000), true);
}

static uint64_t stop_after;

static void stop_later(struct damon_reclaim *ctx, void *userdata)
{
    (void)userdata;
    if (reclaim_stats(ctx).nr_aggregations == stop_after)
        damon_reclaim_stop(ctx);
}

/* run() waits for the timer, works, and ends at the stop; a stop before it counts as well. */
TEST_CASES(test_run, NR_CLOCKS)
{
    struct damon_reclaim *ctx;
    uint64_t begin;

    scripted_clock(&s, _i);
    s.callbacks.after_aggregation = stop_later;
    stop_after = 10;
    ctx = scripted_new(&s, 0);
    ck_assert_int_eq(damon_reclaim_run(ctx), 0); /* disabled: at once */
    reclaim_enable(ctx);
    begin = damon_reclaim_now(ctx);
    ck_assert_int_eq(damon_reclaim_run(ctx), 0);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_aggregations, 10);
    ck_assert_uint_eq(damon_reclaim_now(ctx) - begin, 10 * 100 * MS);
    damon_reclaim_stop(ctx);
    ck_assert_int_eq(damon_reclaim_run(ctx), 0);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_aggregations, 10);
    stop_after = 12;
    ck_assert_int_eq(damon_reclaim_run(ctx), 0); /* the stop is used up */
    ck_assert_uint_eq(reclaim_stats(ctx).nr_aggregations, 12);
    s.fail[OP_CHECK] = -EIO;
    stop_after = 0;
    ck_assert_int_eq(damon_reclaim_run(ctx), -EIO);
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
}

static void disable_later(struct damon_reclaim *ctx, void *userdata)
{
    (void)userdata;
    if (reclaim_stats(ctx).nr_aggregations == 3)
        damon_reclaim_disable(ctx);
    if (reclaim_stats(ctx).nr_aggregations == 2) {
        expect_error(ctx, damon_reclaim_run(ctx), -EBUSY, "run");
        expect_error(ctx, damon_reclaim_dispatch(ctx), -EBUSY, "dispatch");
    }
}

TEST(test_run_until_disabled)
{
    struct damon_reclaim *ctx;

    s.callbacks.after_aggregation = disable_later;
    ctx = scripted_new(&s, 0);
    reclaim_enable(ctx);
    ck_assert_int_eq(damon_reclaim_run(ctx), 0);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_aggregations, 3);
}

static struct damon_reclaim *real_start(void)
{
    struct damon_reclaim *ctx;

    s.ops.now = NULL;
    s.ops.advance = NULL;
    s.real_system = true;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "sample_interval=1h"); /* only a stop ends the wait */
    reclaim_set(ctx, "aggr_interval=1h wmarks_interval=1h");
    reclaim_enable(ctx);
    return ctx;
}

static struct damon_reclaim *to_stop;

static void on_alarm(int signal)
{
    (void)signal;
    damon_reclaim_stop(to_stop);
}

TEST_CASES(test_stop_from_signal, 2)
{
    static const int flags[] = {0, SA_RESTART};
    struct sigaction action = {.sa_handler = on_alarm}, old;
    struct itimerval soon = {.it_value.tv_usec = 10000};

    to_stop = real_start();
    action.sa_flags = flags[_i];
    ck_assert_int_eq(sigaction(SIGALRM, &action, &old), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
    ck_assert_int_eq(damon_reclaim_run(to_stop), 0);
    ck_assert_int_eq(reclaim_stats(to_stop).state, DAMON_RECLAIM_STATE_ACTIVE);
    sigaction(SIGALRM, &old, NULL);
    s.ctx = damon_reclaim_unref(to_stop);
}

static void *stop_it(void *ctx)
{
    damon_reclaim_stop(ctx);
    return NULL;
}

TEST(test_stop_from_thread)
{
    struct damon_reclaim *ctx = real_start();

    for (int i = 0; i < 50; i++) { /* before, at and after the beginning of the wait */
        pthread_t thread;

        ck_assert_int_eq(pthread_create(&thread, NULL, stop_it, ctx), 0);
        ck_assert_int_eq(damon_reclaim_run(ctx), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    }
}

static pthread_t runs;
static unsigned int nr_woken;
static atomic_uint nr_seen; /* what the thread that runs has published */

static void *wake_it(void *ctx)
{
    for (unsigned int i = 1; i <= 200; i++) {
        damon_reclaim_wake(ctx);
        while (atomic_load(&nr_seen) < i)
            ;
    }
    damon_reclaim_stop(ctx);
    return NULL;
}

static void on_wake(struct damon_reclaim *ctx, void *userdata)
{
    (void)userdata;
    nr_woken++;
    expect(pthread_equal(pthread_self(), runs));
    expect_eq(damon_reclaim_dispatch(ctx), -EBUSY);
    reclaim_set(ctx, "min_age=%us", nr_woken);
    reclaim_commit(ctx); /* sets the timer, and does not lose the next wake */
    expect_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    atomic_store(&nr_seen, nr_woken);
}

/* Another thread has things done while run() has the context. None of its wakes is lost. */
TEST(test_wake_from_thread)
{
    struct damon_reclaim *ctx;
    pthread_t thread;

    nr_woken = 0;
    atomic_store(&nr_seen, 0);
    runs = pthread_self();
    s.callbacks.woken = on_wake;
    ctx = real_start();
    ck_assert_int_eq(pthread_create(&thread, NULL, wake_it, ctx), 0);
    ck_assert_int_eq(damon_reclaim_run(ctx), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(nr_woken, 200);
    ck_assert_uint_eq(reclaim_get(ctx, "min_age"), 200000000);
}

/* In a loop of the program's, whatever sets the timer in between, and while the context is disabled. */
TEST(test_wake_by_fd)
{
    struct damon_reclaim *ctx;
    int fd;

    nr_woken = 0;
    runs = pthread_self();
    s.callbacks.woken = on_wake;
    ctx = real_start();
    fd = damon_reclaim_get_fd(ctx);
    reclaim_dispatch(ctx);
    ck_assert_int_eq(readable(fd, 10), false);
    damon_reclaim_wake(ctx);
    damon_reclaim_wake(ctx);
    reclaim_commit(ctx);
    ck_assert_int_eq(readable(fd, 0), true);
    reclaim_dispatch(ctx);
    ck_assert_uint_eq(nr_woken, 1);
    ck_assert_int_eq(readable(fd, 10), false);
    damon_reclaim_wake(ctx);
    damon_reclaim_disable(ctx);
    ck_assert_int_eq(readable(fd, 0), true);
    s.callbacks.woken = NULL;
    damon_reclaim_wake(NULL);
}

static void drop(struct damon_reclaim *ctx, void *userdata)
{
    (void)userdata;
    damon_reclaim_unref(ctx);
}

static void enable(struct damon_reclaim *ctx, void *userdata)
{
    (void)userdata;
    reclaim_enable(ctx);
}

/* The callback may drop the context, or enable it. */
TEST(test_wake_and_drop)
{
    struct damon_reclaim *ctx;

    s.callbacks.woken = enable;
    ctx = scripted_new(&s, 0);
    damon_reclaim_wake(ctx);
    reclaim_dispatch(ctx);
    ck_assert_uint_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    damon_reclaim_unref(ctx);
    s.callbacks.woken = drop;
    ctx = scripted_new(&s, 0);
    reclaim_enable(ctx);
    damon_reclaim_wake(ctx);
    ck_assert_int_eq(damon_reclaim_dispatch(ctx), 0);
    s.ctx = NULL;
}

/* A timer that could not be set is set the next time, on either clock. */
TEST_CASES(test_timer_failure, NR_CLOCKS)
{
    struct damon_reclaim *ctx;
    int r = 0;

    scripted_clock(&s, _i);
    ctx = scripted_new(&s, 0);
    s.system_error = -ENOSPC;
    for (uint64_t n = 1; r == 0; n++) {
        ck_assert_uint_lt(n, 20);
        damon_reclaim_disable(ctx);
        s.nr_system_calls = 0;
        s.system_fail_at = n;
        r = damon_reclaim_enable(ctx);
    }
    expect_error(ctx, r, -ENOSPC, "timer");
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
    s.timer_ns = 0;
    reclaim_enable(ctx);
    ck_assert_uint_gt(s.timer_ns, 0);
}

/* What the library spent is told apart: reclaiming and all else. */
TEST(test_times)
{
    struct damon_reclaim_stats stats;
    struct damon_reclaim *ctx;

    s.ns_per_page = 1 * US;
    s.ns_per_check = 30 * US;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=500ms quota_ms=0");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 5);
    stats = reclaim_stats(ctx);
    ck_assert_uint_eq(stats.reclaim_ns, 64 * MIB / PAGE * US);
    ck_assert_uint_eq(stats.monitor_ns, 100 * 30 * US);
    ck_assert_uint_eq(stats.reclaim_cpu_ns, stats.reclaim_ns / 2); /* as the scripted system has it */
    ck_assert_uint_eq(stats.monitor_cpu_ns, stats.monitor_ns / 2);
}
