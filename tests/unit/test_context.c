/* SPDX-License-Identifier: MIT */
/* Making and dropping contexts: what may be in a configuration, features, references, the log. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "scripted.h"

SCRIPTED_FIXTURE(s);

/* The configuration is refused with this error, whose text names the culprit; nothing is left. */
static void expect_refused(struct damon_reclaim_config config, int error, const char *culprit)
{
    struct damon_reclaim *ctx = (void *)&s;
    char text[256] = "untouched";

    config.error = text;
    config.error_size = sizeof(text);
    expect_eq(damon_reclaim_new(&config, &ctx), error);
    if (!strstr(text, culprit))
        ck_abort_msg("\"%s\" does not name %s", text, culprit);
    expect(ctx == (void *)&s && s.memory.nr_blocks == 0 && scripted_open_fds(&s) == 0 && s.nr_destroy == 0);
    /* The text is optional, and cut off where there is little room. */
    config.error_size = 5;
    memset(text, 'x', sizeof(text));
    expect_eq(damon_reclaim_new(&config, &ctx), error);
    expect(strlen(text) <= 4 && text[5] == 'x');
    config.error = NULL;
    expect_eq(damon_reclaim_new(&config, &ctx), error);
    expect(ctx == (void *)&s && s.memory.nr_blocks == 0);
}

TEST(test_bad_backend)
{
    struct damon_reclaim_config config;

    config = scripted_config(&s);
    config.backend = "sim";
    expect_refused(config, -EINVAL, "config.backend");
    config.backend_ops = NULL;
    config.backend = NULL;
    expect_refused(config, -EINVAL, "config.backend");
    config.backend = "no such thing";
    expect_refused(config, -ENOENT, "no such thing");
    config.backend = "";
    expect_refused(config, -ENOENT, "config.backend");
}

static const size_t mandatory[] = {
    offsetof(struct damon_reclaim_backend_ops, name),    offsetof(struct damon_reclaim_backend_ops, ranges),
    offsetof(struct damon_reclaim_backend_ops, prepare), offsetof(struct damon_reclaim_backend_ops, check),
    offsetof(struct damon_reclaim_backend_ops, reclaim), offsetof(struct damon_reclaim_backend_ops, now),
    offsetof(struct damon_reclaim_backend_ops, advance)};
static const size_t optional[] = {
    offsetof(struct damon_reclaim_backend_ops, destroy),       offsetof(struct damon_reclaim_backend_ops, enable),
    offsetof(struct damon_reclaim_backend_ops, disable),       offsetof(struct damon_reclaim_backend_ops, target_add),
    offsetof(struct damon_reclaim_backend_ops, target_remove), offsetof(struct damon_reclaim_backend_ops, mark),
    offsetof(struct damon_reclaim_backend_ops, metrics)};

TEST_CASES(test_missing_ops, NUMBER_OF(mandatory))
{
    memset((char *)&s.ops + mandatory[_i], 0, sizeof(void *));
    expect_refused(scripted_config(&s), -EINVAL, "config.backend_ops");
}

TEST_CASES(test_optional_ops, NUMBER_OF(optional))
{
    struct damon_reclaim_range range = {BASE, BASE + MIB};
    struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &range, .nr_ranges = 1};
    struct damon_reclaim *ctx;
    uint32_t id;

    memset((char *)&s.ops + optional[_i], 0, sizeof(void *));
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=500ms");
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &id), 0);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 10);
    ck_assert_uint_gt(tried_bytes(&s, 0, s.nr_acts), 0);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, id), 0);
    reclaim_aggregate(ctx, 1);
}

TEST(test_bad_ops)
{
    s.ops.min_region_size = 4097;
    expect_refused(scripted_config(&s), -EINVAL, "min_region_size");
    s.ops.min_region_size = 4096;
    s.ops.huge_size = 3 * 4096;
    expect_refused(scripted_config(&s), -EINVAL, "huge_size");
}

/* Each struct of the configuration: too small to be one, or with something that this library does not know. */
TEST(test_sizes)
{
    struct {
        struct damon_reclaim_backend_ops s;
        uint64_t beyond;
    } ops;
    struct {
        struct damon_reclaim_system_ops s;
        uint64_t beyond;
    } system = {.s = {.size = sizeof(system)}};
    struct {
        struct damon_reclaim_callbacks s;
        uint64_t beyond;
    } callbacks = {.s = {.size = sizeof(callbacks)}};
    struct {
        struct damon_reclaim_allocator s;
        uint64_t beyond;
    } allocator = {.beyond = 0};
    struct {
        struct damon_reclaim_config s;
        uint64_t beyond;
    } config = {.beyond = 0};
    struct damon_reclaim *ctx = NULL;
    struct damon_reclaim_config c;
    size_t *sizes[4] = {&ops.s.size, &system.s.size, &callbacks.s.size, &allocator.s.size};
    uint64_t *beyonds[4] = {&ops.beyond, &system.beyond, &callbacks.beyond, &allocator.beyond};
    static const char *const names[] = {"config.backend_ops", "config.system_ops", "config.callbacks",
                                        "config.allocator"};

    s.real_system = true;
    c = scripted_config(&s);
    ops.s = s.ops;
    ops.s.size = sizeof(ops);
    ops.beyond = 0;
    allocator.s = *c.allocator;
    allocator.s.size = sizeof(allocator);
    c.backend_ops = &ops.s;
    c.system_ops = &system.s;
    c.callbacks = &callbacks.s;
    c.allocator = &allocator.s;
    ck_assert_int_eq(damon_reclaim_new(&c, &ctx), 0); /* larger is fine with zeros */
    ctx = damon_reclaim_unref(ctx);
    s.nr_destroy = 0;
    for (int i = 0; i < 4; i++) {
        size_t size = *sizes[i];

        *beyonds[i] = 1;
        expect_refused(c, -E2BIG, names[i]);
        *beyonds[i] = 0;
        *sizes[i] = sizeof(size_t) - 1;
        expect_refused(c, -EINVAL, names[i]);
        *sizes[i] = size;
    }
    config.s = c;
    config.s.size = sizeof(config);
    ck_assert_int_eq(damon_reclaim_new(&config.s, &ctx), 0);
    ctx = damon_reclaim_unref(ctx);
    config.beyond = UINT64_C(1) << 56;
    ck_assert_int_eq(damon_reclaim_new(&config.s, &ctx), -E2BIG);
    config.s.size = 7;
    ck_assert_int_eq(damon_reclaim_new(&config.s, &ctx), -EINVAL);
    ck_assert_ptr_null(ctx);
    ck_assert_int_eq(damon_reclaim_new(NULL, &ctx), -EINVAL);
    ck_assert_int_eq(damon_reclaim_new(&c, NULL), -EINVAL);
}

/* A caller of a shorter struct: what it does not have is as if it were zero. */
TEST(test_older_caller)
{
    struct damon_reclaim_config config;
    struct damon_reclaim *ctx;

    s.ops.size = offsetof(struct damon_reclaim_backend_ops, metrics);
    s.callbacks.size = offsetof(struct damon_reclaim_callbacks, before_reclaim);
    config = scripted_config(&s);
    config.size = offsetof(struct damon_reclaim_config, seed);
    memset(&config.seed, 0xff, sizeof(config) - config.size);
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    reclaim_enable(ctx); /* metrics from /proc/meminfo */
    ck_assert_uint_eq(damon_reclaim_now(ctx), s.system_ns);
    damon_reclaim_unref(ctx);
}

static void *half_realloc(void *data, void *ptr, size_t bytes)
{
    (void)data;
    return realloc(ptr, bytes);
}

TEST(test_half_allocator)
{
    struct damon_reclaim_allocator allocator = {.size = sizeof(allocator), .realloc = half_realloc};
    struct damon_reclaim_config config;

    config = scripted_config(&s);
    config.allocator = &allocator;
    expect_refused(config, -EINVAL, "config.allocator");
}

/* What is not known may mean something in a later version: it is not passed over. */
TEST(test_unknown_flags)
{
    struct damon_reclaim_config config;

    config = scripted_config(&s);
    config.flags = UINT32_C(1) << 31;
    expect_refused(config, -EINVAL, "config.flags");
    config.flags = DAMON_RECLAIM_NO_MARK | 1 << 6;
    expect_refused(config, -EINVAL, "config.flags");
}

/* The backend's data is the host program's until there is a context, and goes with it, also when it is NULL. */
static unsigned int destroyed;

static void count_destroy(void *data)
{
    (void)data;
    destroyed++;
}

TEST(test_backend_data)
{
    struct damon_reclaim_config config;
    struct damon_reclaim *ctx = NULL;

    s.ops.destroy = count_destroy;
    destroyed = 0;
    config = scripted_config(&s);
    for (uint64_t i = 1; !ctx; i++) {
        s.memory.nr_calls = s.nr_system_calls = 0;
        s.memory.fail_at = i <= 4 ? i : 0;
        s.system_fail_at = i <= 4 ? 0 : i - 4;
        s.system_error = -EMFILE;
        if (damon_reclaim_new(&config, &ctx) < 0)
            ck_assert_uint_eq(destroyed, 0);
        else if (i <= 5) /* no failure came up to that number */
            ctx = damon_reclaim_unref(ctx), destroyed = 0;
    }
    ck_assert_uint_eq(destroyed, 0);
    damon_reclaim_unref(ctx);
    ck_assert_uint_eq(destroyed, 1);
    config.backend_data = NULL;
    s.ops.now = NULL;
    s.ops.advance = NULL;
    destroyed = 0;
    s.system_fail_at = 0;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    damon_reclaim_unref(ctx);
    ck_assert_uint_eq(destroyed, 1);
}

TEST(test_references)
{
    struct damon_reclaim *ctx;
    int other;

    ck_assert_ptr_null(damon_reclaim_ref(NULL));
    ck_assert_ptr_null(damon_reclaim_unref(NULL));
    ck_assert_str_eq(damon_reclaim_last_error(NULL), "");
    ck_assert_int_lt(damon_reclaim_get_fd(NULL), 0);
    ck_assert_int_eq(damon_reclaim_enable(NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_disable(NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_commit(NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_dispatch(NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_run(NULL), -EINVAL);
    damon_reclaim_stop(NULL);
    ctx = scripted_new(&s, 0);
    ck_assert_ptr_eq(damon_reclaim_ref(ctx), ctx);
    ck_assert_ptr_null(damon_reclaim_unref(ctx));
    ck_assert_uint_eq(s.nr_destroy, 0);
    ck_assert_str_eq(damon_reclaim_backend_name(ctx), "scripted");
    ck_assert_uint_eq(damon_reclaim_now(ctx), s.now_ns);
    ck_assert_ptr_eq(damon_reclaim_get_userdata(ctx), &s);
    damon_reclaim_set_userdata(ctx, &other);
    ck_assert_ptr_eq(damon_reclaim_get_userdata(ctx), &other);
    ck_assert_int_eq(damon_reclaim_get_regions(NULL, NULL, 0, NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_get_regions(ctx, NULL, 0, NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_get_stats(ctx, NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_get_stats(NULL, NULL), -EINVAL);
    reclaim_enable(ctx);
    s.ctx = damon_reclaim_unref(ctx); /* disables without a word */
    ck_assert_uint_eq(s.nr_destroy, 1);
    ck_assert_uint_eq(s.nr_disable, 1);
    ck_assert_uint_eq(s.nr_target_remove, 1);
}

/* The snapshot fills what room there is, and tells how many there are. */
TEST(test_snapshot)
{
    struct damon_reclaim_region regions[4];
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    size_t n = 77;

    ck_assert_int_eq(damon_reclaim_get_regions(ctx, regions, 4, &n), 0);
    ck_assert_uint_eq(n, 0);
    reclaim_enable(ctx);
    memset(regions, 0x55, sizeof(regions));
    ck_assert_int_eq(damon_reclaim_get_regions(ctx, regions, 3, &n), 0);
    ck_assert_uint_eq(n, reclaim_stats(ctx).nr_regions);
    ck_assert_uint_gt(n, 3);
    ck_assert_uint_eq(regions[0].start, BASE);
    ck_assert_uint_eq(regions[2].start, regions[1].end);
    ck_assert_uint_eq(regions[3].start, UINT64_C(0x5555555555555555));
    ck_assert_uint_eq(regions[0].reserved0 | regions[0].reserved[0] | regions[0].reserved[1], 0);
    damon_reclaim_disable(ctx); /* forgets */
    ck_assert_int_eq(damon_reclaim_get_regions(ctx, regions, 4, &n), 0);
    ck_assert_uint_eq(n, 0);
}

static struct {
    size_t n;
    enum damon_reclaim_log_level level;
    struct damon_reclaim *ctx;
    char text[256];
} logged;

static void note_log(struct damon_reclaim *ctx, uint32_t level, const char *text, void *userdata)
{
    expect(userdata == &s);
    expect(!strchr(text, '\n'));
    logged.n++;
    logged.ctx = ctx;
    logged.level = level;
    snprintf(logged.text, sizeof(logged.text), "%s", text);
}

TEST(test_log)
{
    struct damon_reclaim_config config;
    struct damon_reclaim *ctx = NULL;

    memset(&logged, 0, sizeof(logged));
    s.callbacks.log = note_log;
    config = scripted_config(&s);
    config.backend_ops = NULL;
    config.backend = "nowhere";
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -ENOENT);
    ck_assert_uint_eq(logged.n, 1);
    ck_assert_ptr_null(logged.ctx);
    ck_assert_ptr_nonnull(strstr(logged.text, "nowhere"));
    ctx = scripted_new(&s, 0);
    ck_assert_int_lt(damon_reclaim_set(ctx, "nonsense", "1"), 0);
    ck_assert_uint_eq(logged.n, 2);
    ck_assert_ptr_eq(logged.ctx, ctx);
    ck_assert_int_eq(logged.level, DAMON_RECLAIM_LOG_ERROR);
    ck_assert_str_eq(logged.text, damon_reclaim_last_error(ctx));
    reclaim_enable(ctx);
    ck_assert_int_eq(logged.level, DAMON_RECLAIM_LOG_INFO);
    ck_assert_ptr_nonnull(strstr(logged.text, "active"));
}

/* Features: each backend there is, each once, and nothing that is not listed. */
TEST(test_features)
{
    size_t backends = 0;
    const char *name;

    for (size_t i = 0; (name = damon_reclaim_backend(i)) != NULL; i++) {
        char feature[64];

        snprintf(feature, sizeof(feature), "backend:%s", name);
        ck_assert_int_eq(damon_reclaim_has_feature(feature), true);
    }
    for (size_t i = 0; (name = damon_reclaim_feature(i)) != NULL; i++) {
        ck_assert_int_eq(damon_reclaim_has_feature(name), true);
        backends += !strncmp(name, "backend:", 8);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(name, damon_reclaim_feature(j));
    }
    ck_assert_ptr_null(damon_reclaim_backend(backends));
    ck_assert_ptr_nonnull(damon_reclaim_backend(backends - 1));
    ck_assert_ptr_null(damon_reclaim_backend(SIZE_MAX));
    ck_assert_ptr_null(damon_reclaim_feature(SIZE_MAX));
    ck_assert_int_eq(damon_reclaim_has_feature("backend:sim"), true);
    ck_assert_int_eq(damon_reclaim_has_feature("backend:"), false);
    ck_assert_int_eq(damon_reclaim_has_feature(""), false);
    ck_assert_int_eq(damon_reclaim_has_feature(NULL), false);
    ck_assert_uint_eq(damon_reclaim_version(), DAMON_RECLAIM_VERSION);
    ck_assert_str_eq(damon_reclaim_version_string(), "0.1.0");
}

/* Contexts do not know of each other. */
TEST(test_independent)
{
    static struct scripted other;
    struct damon_reclaim *a, *b;

    scripted_init(&other);
    a = scripted_new(&s, 0);
    b = scripted_new(&other, 0);
    reclaim_set(a, "min_age=1s");
    ck_assert_uint_eq(reclaim_get(b, "min_age"), 120000000);
    ck_assert_int_lt(damon_reclaim_set(a, "nonsense", "1"), 0);
    ck_assert_str_eq(damon_reclaim_last_error(b), "");
    reclaim_enable(a);
    reclaim_enable(b);
    reclaim_aggregate(a, 11);
    ck_assert_uint_gt(s.nr_acts, 0);
    ck_assert_uint_eq(other.nr_acts, 0);
    ck_assert_uint_eq(reclaim_stats(b).nr_samples, 0);
    s.ctx = damon_reclaim_unref(a);
    reclaim_aggregate(b, 1);
    damon_reclaim_unref(b);
    scripted_fini(&other);
}

TEST(test_sim_report)
{
    struct damon_reclaim_sim_report report = {.size = sizeof(report)};
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    expect_error(ctx, damon_reclaim_sim_get_report(ctx, 1, &report), -EOPNOTSUPP, "scripted");
    ck_assert_int_eq(damon_reclaim_sim_get_report(NULL, 1, &report), -EINVAL);
    ck_assert_int_eq(damon_reclaim_sim_get_report(ctx, 1, NULL), -EINVAL);
}

/* Each that "auto" chooses from has its say, and its name in front of each line. */
TEST(test_probe_auto)
{
    struct damon_reclaim_config config = {.size = sizeof(config), .backend = "auto", .root = "/nowhere"};
    struct damon_reclaim *ctx = NULL;
    char text[2048], error[512];
    bool damon = false, idle_page = false;

    ck_assert_int_eq(damon_reclaim_probe(&config, text, sizeof(text)), -ENOENT);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        damon |= !strncmp(line, "damon: ", 7) && strstr(line, "CONFIG_DAMON_SYSFS");
        idle_page |= !strncmp(line, "idle-page: ", 11) && strstr(line, "CONFIG_IDLE_PAGE_TRACKING");
        expect(!strncmp(line, "damon: ", 7) || !strncmp(line, "idle-page: ", 11));
    }
    ck_assert_int_eq(damon, true);
    ck_assert_int_eq(idle_page, true);
    ck_assert_int_eq(damon_reclaim_probe(&config, text, 9), -ENOENT);
    ck_assert_uint_eq(strlen(text), 8);
    ck_assert_int_eq(damon_reclaim_probe(&config, NULL, 0), -ENOENT);
    /* So has the error of a context that finds none. */
    config.error = error;
    config.error_size = sizeof(error);
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -ENOENT);
    ck_assert_ptr_nonnull(strstr(error, "CONFIG_DAMON_SYSFS"));
    ck_assert_ptr_nonnull(strstr(error, "CONFIG_IDLE_PAGE_TRACKING"));
    /* A mistake of the program is none of theirs. */
    config.damon = &(struct damon_reclaim_damon_config){.size = sizeof(*config.damon), .operations = "taddr"};
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EINVAL);
    ck_assert_ptr_nonnull(strstr(error, "config.damon.operations"));
}

static int own_open(void *data, const char *path, int flags)
{
    (void)data, (void)path, (void)flags;
    return open("/dev/null", O_RDONLY | O_CLOEXEC); /* also a number of ours, so that a real call finds something */
}

static int own_close(void *data, int fd)
{
    (void)data;
    return close(fd) < 0 ? -errno : 0;
}

enum { ITS_OWN, REST_IS_REAL, NO_DESCRIPTORS, NR_TABLES };

/* A table of the program's that lacks an operation does not get the real call on a descriptor of its own, unless it
 * says so. */
TEST_CASES(test_lacking_operations, NR_TABLES)
{
    struct damon_reclaim_system_ops table = {.size = sizeof(table), .close = own_close};
    struct damon_reclaim_config config;
    struct drcl_env env;
    uint64_t inode = 7;
    char buf[8];
    int fd;

    if (_i != NO_DESCRIPTORS)
        table.open = own_open;
    table.flags = _i == REST_IS_REAL ? DAMON_RECLAIM_SYSTEM_REST_IS_REAL : 0;
    config = (struct damon_reclaim_config){.size = sizeof(config), .system_ops = &table};
    ck_assert_int_eq(drcl_env_init(&env, &config), 0);
    fd = drcl_open(&env, O_RDONLY, "/dev/null");
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(drcl_inode(&env, fd, &inode), _i == ITS_OWN ? -ENOSYS : 0);
    ck_assert_int_eq(inode == 7, _i == ITS_OWN);
    ck_assert_int_eq((int)drcl_pread(&env, fd, buf, sizeof(buf), 0), _i == ITS_OWN ? -ENOSYS : 0);
    ck_assert_uint_gt(drcl_clock(&env, CLOCK_MONOTONIC), 0);
    drcl_close(&env, fd);
    drcl_env_fini(&env);
    config.backend = "sim";
    table.flags = 1u << 31;
    expect_refused(config, -EINVAL, "system_ops.flags");
}
