/* SPDX-License-Identifier: MIT */
/* Parameters: what is staged, what is in effect, and the quota that the back-off leaves. */
#include <errno.h>

#include "agent/log.h"
#include "guest.h"
#include "scratch.h"
#include "suite.h"

static struct guest guest;

static void setup(void)
{
    struct damon_reclaim_config config = {.size = sizeof(config), .backend = "sim"};

    log_open("test", DAMON_RECLAIM_LOG_ERROR);
    guest = (struct guest){.backoff = BACKOFF_INIT, .staged.size = sizeof(guest.staged)};
    ck_assert_int_eq(damon_reclaim_new(&config, &guest.ctx), 0);
    ck_assert_int_eq(damon_reclaim_params_init(&guest.staged), 0);
    ck_assert_int_eq(guest_input_set(&guest, "enabled", "Y"), 0);
}

static void teardown(void)
{
    damon_reclaim_unref(guest.ctx);
}

FIXTURE(setup, teardown);

static struct damon_reclaim_params active(void)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};

    damon_reclaim_get_active_params(guest.ctx, &params);
    return params;
}

static void check_reads(const char *name, const char *value)
{
    char text[64];

    ck_assert_int_ge(guest_input_get(&guest, name, text, sizeof(text)), 0);
    ck_assert_str_eq(text, value);
}

TEST(test_staged)
{
    ck_assert_int_eq(guest_input_set(&guest, "min_age", "7000000"), 0);
    check_reads("min_age", "7000000");
    ck_assert_uint_eq(active().min_age, 120000000);
    ck_assert_int_eq(guest_input_set(&guest, "commit_inputs", "1"), 0);
    ck_assert_uint_eq(active().min_age, 7000000);
}

/* Neither N nor the back-off puts into effect what is only staged. */
TEST(test_not_committed)
{
    ck_assert_int_eq(guest_input_set(&guest, "min_age", "7000000"), 0);
    ck_assert_int_eq(guest_input_set(&guest, "commit_inputs", "N"), 0);
    ck_assert_int_eq(guest_input_set(&guest, "enabled", "Y"), 0); /* it is already */
    guest.backoff.factor = 500;
    guest_inputs_scale(&guest);
    ck_assert_uint_eq(active().min_age, 120000000);
    ck_assert_uint_eq(active().quota_sz, 64 * MIB);
}

TEST(test_scaled)
{
    guest.backoff.factor = 250;
    guest_inputs_scale(&guest);
    ck_assert_uint_eq(active().quota_sz, 32 * MIB);
    ck_assert_uint_eq(active().quota_ms, 2);
    check_reads("quota_sz", "134217728");
    check_reads("quota_ms", "10");
    /* It holds for what is committed meanwhile. */
    ck_assert_int_eq(guest_input_set(&guest, "quota_sz", "4194304"), 0);
    ck_assert_int_eq(guest_input_set(&guest, "commit_inputs", "Y"), 0);
    ck_assert_uint_eq(active().quota_sz, MIB);
    guest.backoff.factor = BACKOFF_FULL;
    guest_inputs_scale(&guest);
    ck_assert_uint_eq(active().quota_sz, 4 * MIB);
    ck_assert_uint_eq(active().quota_ms, 10);
}

/* Without a limit the back-off leaves a share of the memory. */
TEST(test_no_limit)
{
    ck_assert_int_eq(guest_input_set(&guest, "quota_sz", "0"), 0);
    ck_assert_int_eq(guest_input_set(&guest, "quota_ms", "0"), 0);
    ck_assert_int_eq(guest_input_set(&guest, "wmarks_high", "1000"), 0);
    ck_assert_int_eq(guest_input_set(&guest, "wmarks_mid", "1000"), 0);
    ck_assert_int_eq(guest_input_set(&guest, "wmarks_low", "0"), 0);
    ck_assert_int_eq(guest_input_set(&guest, "commit_inputs", "Y"), 0);
    ck_assert_uint_eq(active().quota_sz, 0);
    while (!guest_stats(&guest).monitored_bytes)
        ck_assert_int_eq(damon_reclaim_dispatch(guest.ctx), 0);
    guest.backoff.factor = 100;
    guest_inputs_scale(&guest);
    ck_assert_uint_eq(active().quota_sz, guest_stats(&guest).monitored_bytes / 10);
    ck_assert_uint_eq(active().quota_ms, 0);
}

/* As the module does. */
TEST(test_contradiction)
{
    ck_assert_int_eq(guest_input_set(&guest, "wmarks_high", "100"), 0);
    ck_assert_int_eq(guest_input_set(&guest, "commit_inputs", "Y"), -EINVAL);
    check_reads("enabled", "N");
    ck_assert_int_eq(guest_input_set(&guest, "enabled", "Y"), -EINVAL);
    check_reads("wmarks_high", "100");
    ck_assert_int_eq(guest_input_set(&guest, "wmarks_high", "500"), 0);
    ck_assert_int_eq(guest_input_set(&guest, "enabled", "Y"), 0);
    check_reads("enabled", "Y");
}

TEST(test_refused)
{
    ck_assert_int_eq(guest_input_set(&guest, "min_age", "7s"), -EINVAL);
    ck_assert_int_eq(guest_input_set(&guest, "min_age", "99999999999999999999"), -EINVAL);
    ck_assert_int_eq(guest_input_set(&guest, "wmarks_high", "1001"), -EINVAL);
    ck_assert_int_eq(guest_input_set(&guest, "nothing", "1"), -ENOENT);
    ck_assert_int_eq(guest_input_set(&guest, "enabled", "maybe"), -EINVAL);
    check_reads("min_age", "120000000");
    check_reads("enabled", "Y");
}
