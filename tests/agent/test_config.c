/* SPDX-License-Identifier: MIT */
/* The configuration: what values mean, which source counts, and what is said of mistakes. */
#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>
#include <unistd.h>

#include "agent/options.h"
#include "scratch.h"
#include "suite.h"

static int even(const char *value, struct error_text *error)
{
    return atoi(value) % 2 ? error_set(error, -EINVAL, "%s is odd", value) : 0;
}

static const struct config_option options[] = {
    {"agent", "speed", CONFIG_CHOICE, "slow", NULL, "how fast", .choices = "slow fast"},
    {"agent", "fixed", CONFIG_TEXT, "", NULL, "stays", .flags = CONFIG_FIXED},
    {"limits", "share", CONFIG_UINT, "7", NULL, "a share", .min = 1, .max = 100},
    {"limits", "size", CONFIG_BYTES, "1MiB", NULL, "a size"},
    {"limits", "delay", CONFIG_TIME, "2s", NULL, "a time"},
    {"limits", "evens", CONFIG_LIST, "", NULL, "even numbers", .check = even},
    {"vm", "weight", CONFIG_UINT, "5", NULL, "of a VM"},
    {"vm", "pid", CONFIG_LIST, "", NULL, "of a VM"},
    {0},
};
static const struct config_option *const tables[] = {agent_options, options, NULL};
static const char *const instances[] = {"vm", NULL};
static const struct config_default defaults[] = {{"metrics_port", "9000"}, {"min_age", "60000000"}, {NULL, NULL}};
static struct config_program program = {
    .name = "test", .summary = "is a test", .options = tables, .instances = instances, .defaults = defaults};

static struct config *config;
static struct error_text error;
static const char *words[16], *environment[16];
static char *const *const words_arg = (char *const *)(uintptr_t)words;
static char *const *const environment_arg = (char *const *)(uintptr_t)environment;
static const char *root = "";

static int load(void)
{
    struct config_sources sources = {.words = words_arg, .environment = environment_arg, .root = root};

    config_free(config);
    config = NULL;
    error.text[0] = '\0';
    return config_load(&program, &sources, &config, &error);
}

/* Loads a file with this text. */
static int load_file(const char *text)
{
    static char path[4096];

    snprintf(path, sizeof(path), "%s", scratch_file(scratch_directory(), "c.ini", text));
    program.file = path;
    return load();
}

/* What the error must begin with the file's name and, then, say. */
static void refused(const char *text, int r, const char *what)
{
    char begin[4200];

    ck_assert_int_eq(load_file(text), r);
    snprintf(begin, sizeof(begin), "%s:%s", program.file, what);
    ck_assert_msg(!strncmp(error.text, begin, strlen(begin)), "got: %s\nwant: %s", error.text, begin);
}

static void reset(void)
{
    memset(words, 0, sizeof(words));
    memset(environment, 0, sizeof(environment));
    program.file = NULL;
    root = "";
}

static void clean(void)
{
    config_free(config);
    config = NULL;
}

FIXTURE(reset, clean);

TEST(test_defaults)
{
    const char *const *items;

    ck_assert_int_eq(load(), 0);
    ck_assert_str_eq(config_text(config, NULL, "speed"), "slow");
    ck_assert_uint_eq(config_number(config, NULL, "limits_share"), 7);
    ck_assert_uint_eq(config_number(config, NULL, "limits_size"), MIB);
    ck_assert_uint_eq(config_number(config, NULL, "limits_delay"), 2 * SECOND);
    ck_assert_uint_eq(config_list(config, NULL, "limits_evens", &items), 0);
    ck_assert_ptr_null(items[0]);
    ck_assert_uint_eq(config_number(config, NULL, "metrics_port"), 9000);
    ck_assert_uint_eq(config_params(config)->min_age, 60000000);
    ck_assert_uint_eq(config_params(config)->quota_ms, 10);
    ck_assert_int_eq(config_enabled(config), false);
    ck_assert_int_eq(config_is_set(config, NULL, "limits_share"), false);
    ck_assert_ptr_null(config_instance(config, "vm", 0));
    ck_assert_uint_eq(config_number(config, "any", "vm_weight"), 5);
}

TEST(test_file)
{
    const char *const *items;

    ck_assert_msg(load_file("# a comment\n[parameters]\nmin_age = 30s ; half a minute\nenabled = Y\nskip_anon=1\n\n"
                            "[agent]\nspeed: fast\n[limits]\nsize = 2GiB\ndelay = 250ms\nevens = 2, 4\nevens = 6\n") ==
                      0,
                  "%s", error.text);
    ck_assert_uint_eq(config_params(config)->min_age, 30000000);
    ck_assert_int_eq(config_params(config)->skip_anon, true);
    ck_assert_int_eq(config_enabled(config), true);
    ck_assert_str_eq(config_text(config, NULL, "speed"), "fast");
    ck_assert_uint_eq(config_number(config, NULL, "limits_size"), 2048 * MIB);
    ck_assert_uint_eq(config_number(config, NULL, "limits_delay"), SECOND / 4);
    ck_assert_uint_eq(config_list(config, NULL, "limits_evens", &items), 3);
    ck_assert_str_eq(items[0], "2");
    ck_assert_str_eq(items[2], "6");
    ck_assert_ptr_null(items[3]);
    ck_assert_int_eq(config_is_set(config, NULL, "limits_size"), true);
}

TEST(test_instances)
{
    const char *const *items;

    ck_assert_msg(load_file("[vm web 1]\nweight = 9\n[vm db]\npid = 1,2\n[vm web 1]\npid = 3\n") == 0, "%s",
                  error.text);
    ck_assert_str_eq(config_instance(config, "vm", 0), "web 1");
    ck_assert_str_eq(config_instance(config, "vm", 1), "db");
    ck_assert_ptr_null(config_instance(config, "vm", 2));
    ck_assert_uint_eq(config_number(config, "web 1", "vm_weight"), 9);
    ck_assert_uint_eq(config_number(config, "db", "vm_weight"), 5);
    ck_assert_uint_eq(config_list(config, "db", "vm_pid", &items), 2);
    ck_assert_uint_eq(config_list(config, "web 1", "vm_pid", &items), 1);
    ck_assert_int_eq(config_is_set(config, "web 1", "vm_weight"), true);
    ck_assert_int_eq(config_is_set(config, "db", "vm_weight"), false);
}

TEST(test_precedence)
{
    root = scratch_directory();
    scratch_file(root, "proc/cmdline", "quiet damon_reclaim.limits_share=2 damon_reclaim.min-age=5s root=/dev/vda\n");
    ck_assert_int_eq(load_file("[limits]\nshare = 1\n"), 0);
    ck_assert_uint_eq(config_number(config, NULL, "limits_share"), 1);
    words[0] = "--boot-line";
    ck_assert_msg(load() == 0, "%s", error.text);
    ck_assert_uint_eq(config_number(config, NULL, "limits_share"), 2);
    ck_assert_uint_eq(config_params(config)->min_age, 5000000);
    environment[0] = "DAMON_RECLAIM_LIMITS_SHARE=3";
    environment[1] = "PATH=/bin";
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(config_number(config, NULL, "limits_share"), 3);
    words[1] = "--limits-share=4";
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(config_number(config, NULL, "limits_share"), 4);
    words[2] = "damon_reclaim.limits_share=5";
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(config_number(config, NULL, "limits_share"), 5);
    words[3] = "--limits_share";
    words[4] = "6";
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(config_number(config, NULL, "limits_share"), 6);
}

TEST(test_words)
{
    words[0] = "--skip-anon";
    words[1] = "--quota_ms=20";
    words[2] = "--enabled";
    ck_assert_msg(load() == 0, "%s", error.text);
    ck_assert_int_eq(config_params(config)->skip_anon, true);
    ck_assert_int_eq(config_enabled(config), true);
    ck_assert_uint_eq(config_params(config)->quota_ms, 20);
}

TEST(test_config_option)
{
    char path[4096], word[4200];

    snprintf(path, sizeof(path), "%s", scratch_file(scratch_directory(), "other.ini", "[limits]\nshare = 50\n"));
    snprintf(word, sizeof(word), "--config=%s", path);
    words[0] = word;
    ck_assert_int_eq(load_file("[limits]\nshare = 1\n"), 0);
    ck_assert_uint_eq(config_number(config, NULL, "limits_share"), 50);
    unlink(path);
    ck_assert_int_eq(load(), -ENOENT);
    says(error.text, "other.ini: No such file");
    words[0] = NULL;
    program.file = "/nowhere/at/all.ini"; /* the usual one need not be there */
    ck_assert_int_eq(load(), 0);
}

TEST(test_mistakes_in_the_file)
{
    refused("share = 1\n", -EINVAL, "1: share comes before the first [section]");
    refused("\n[nothing]\na = 1\n", -EINVAL, "2: there is no section [nothing]");
    refused("[limits]\nshare = 1\n[nothing]\n", -EINVAL, "3: there is no section [nothing]");
    refused("[vm]\nweight = 1\n", -EINVAL, "1: there is no section [vm]; write [vm NAME]");
    refused("[limits x]\nshare = 1\n", -EINVAL, "1: there is no section [limits x]");
    refused("[limits]\nshares = 1\n", -EINVAL, "2: section [limits] has no option shares");
    refused("[agent]\nconfig = x\n", -EINVAL, "2: section [agent] has no option config");
    refused("[parameters]\nnr_quota_exceeds = 1\n", -EINVAL, "2: section [parameters] has no option nr_quota_exceeds");
    refused("[limits]\nshare = 1\n\nshare = 2\n", -EINVAL, "4: share is already set at ");
    refused("[limits]\nshare\n", -EINVAL,
            "2: \"share\" is neither NAME = VALUE nor a [section]; a value ends with its line");
    refused("[limits\nshare = 1\n", -EINVAL, "1: [limits has no ] at its end");
    /* The first of several. */
    refused("[limits]\nnonsense\nshare = x\n", -EINVAL, "2: \"nonsense\" is neither");
    refused("[limits]\nshare = x\nnonsense\n", -EINVAL, "2: share: \"x\" is not a number");
}

TEST(test_mistakes_in_values)
{
    refused("[limits]\nshare = 101\n", -ERANGE, "2: share: 101 is not from 1 to 100");
    refused("[limits]\nsize = 3 parsecs\n", -EINVAL, "2: size: \"3 parsecs\" is not a number of bytes, like 65536");
    refused("[limits]\ndelay = -1\n", -EINVAL, "2: delay: \"-1\" is not a time, like 30s");
    refused("[limits]\nevens = 2, 3\n", -EINVAL, "2: evens: 3 is odd");
    refused("[metrics]\naddress = localhost\n", -EINVAL, "2: address: \"localhost\" is not an IPv4 or IPv6 address");
    refused("[metrics]\ntextfile = x.prom\n", -EINVAL, "2: textfile: \"x.prom\" does not begin with a slash");
    refused("[metrics]\ntextfile = /x.txt\n", -EINVAL, "2: textfile: \"/x.txt\" does not end in .prom");
    refused("[agent]\nlock_directory = run\n", -EINVAL, "2: lock_directory: \"run\" does not begin with a slash");
    refused("[agent]\nspeed = fas\n", -EINVAL, "2: speed: \"fas\" is not one of: slow fast");
    refused("[parameters]\nenabled = maybe\n", -EINVAL, "2: enabled: \"maybe\" is not a switch; write Y");
}

TEST(test_parameters_are_checked_by_the_library)
{
    refused("[parameters]\nmin_age = never\n", -EINVAL, "2: ");
    says(error.text, "min_age");
    refused("[parameters]\n\nwmarks_high = 1001\n", -ERANGE, "3: ");
    /* Each is fine alone. */
    refused("[parameters]\nsample_interval = 1s\n", -EINVAL, "2: ");
    says(error.text, "sample_interval");
}

TEST(test_mistakes_elsewhere)
{
    words[0] = "--nothing=1";
    ck_assert_int_eq(load(), -EINVAL);
    ck_assert_str_eq(error.text, "--nothing: there is no such option; --help lists them");
    words[0] = "--vm-weight=1";
    ck_assert_int_eq(load(), -EINVAL);
    words[0] = "limits_share=1";
    ck_assert_int_eq(load(), -EINVAL);
    ck_assert_str_eq(error.text, "limits_share=1: is neither --NAME=VALUE nor damon_reclaim.NAME=VALUE");
    words[0] = "--limits-share";
    ck_assert_int_eq(load(), -EINVAL);
    ck_assert_str_eq(error.text,
                     "--limits-share: a value is missing; one that begins with -- is written --limits-share=--...");
    words[1] = "--limits-size=1";
    ck_assert_int_eq(load(), -EINVAL); /* not taken for the value */
    words[1] = NULL;
    words[0] = "--limits-share=0";
    ck_assert_int_eq(load(), -ERANGE);
    ck_assert_str_eq(error.text, "--limits-share: share: 0 is not from 1 to 100");
    words[0] = NULL;
    environment[0] = "DAMON_RECLAIM_MIN_AGE=x";
    ck_assert_int_eq(load(), -EINVAL);
    says(error.text, "environment: DAMON_RECLAIM_MIN_AGE: ");
    environment[0] = "DAMON_RECLAIM_MIN_AGES=1";
    ck_assert_int_eq(load(), -EINVAL);
    environment[0] = NULL;
    words[0] = "--boot-line";
    root = scratch_directory();
    ck_assert_int_eq(load(), -ENOENT);
    scratch_file(root, "proc/cmdline", "damon_reclaim.nothing=1");
    ck_assert_int_eq(load(), -EINVAL);
    ck_assert_str_eq(error.text, "boot line: damon_reclaim.nothing: there is no such option; --help lists them");
}

/* A mistake is one also where another source counts more. */
TEST(test_mistake_that_does_not_count)
{
    words[0] = "--limits-share=4";
    words[1] = "--min-age=5s";
    refused("[limits]\nshare = x\n", -EINVAL, "2: share: ");
    refused("[parameters]\nmin_age = x\n", -EINVAL, "2: min_age: \"x\" is not a number of us");
    refused("[parameters]\nwmarks_low = 1001\n", -ERANGE, "2: wmarks_low: 1001 is out of range");
}

static void rewrite(const char *text)
{
    FILE *file = fopen(program.file, "we");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

TEST(test_reload)
{
    struct config *next = NULL;

    ck_assert_int_eq(load_file("[limits]\nshare = 3\n[agent]\nfixed = a\n"), 0);
    rewrite("[limits]\nshare = 4\n[agent]\nfixed = a\n[vm x]\nweight = 1\n");
    ck_assert_msg(config_reload(config, &next, &error) == 0, "%s", error.text);
    ck_assert_uint_eq(config_number(next, NULL, "limits_share"), 4);
    ck_assert_uint_eq(config_number(config, NULL, "limits_share"), 3);
    config_free(next);
    rewrite("[agent]\nfixed = b\n");
    next = NULL;
    ck_assert_int_eq(config_reload(config, &next, &error), -EPERM);
    ck_assert_ptr_null(next);
    says(error.text, ":2: fixed cannot change while test runs; restart it");
}

/* What --show-config prints is a file that gives the same configuration. */
TEST(test_show)
{
    char *text, *again;
    size_t len, len_again;
    FILE *file = open_memstream(&text, &len);

    words[0] = "--quota-ms=20";
    ck_assert_int_eq(load_file("[parameters]\nmin_age = 30s\n[limits]\nevens = 2,4\n[vm web 1]\nweight = 9\n"), 0);
    config_show(config, file);
    fclose(file);
    says(text, "\nmin_age = 30s");
    says(text, "c.ini:2\n");
    says(text, "\nquota_ms = 20                            ; --quota-ms\n");
    says(text, "\n[vm \"web 1\"]\nweight = 9");
    says(text, "; default\n");
    words[0] = NULL;
    ck_assert_msg(load_file(text) == 0, "%s\n%s", error.text, text);
    ck_assert_uint_eq(config_params(config)->quota_ms, 20);
    ck_assert_uint_eq(config_params(config)->min_age, 30000000);
    ck_assert_uint_eq(config_number(config, "web 1", "vm_weight"), 9);
    file = open_memstream(&again, &len_again);
    config_show(config, file);
    fclose(file);
    says(again, "\nevens = 2,4");
    free(text);
    free(again);
}

TEST(test_help)
{
    char *text;
    size_t len;
    FILE *file = open_memstream(&text, &len);

    config_help(&program, file);
    fclose(file);
    says(text, "test: is a test\n");
    says(text, "  --min-age=us\n      memory that was not accessed");
    says(text, "  --metrics-port=PORT\n");
    says(text, "(9000)");
    says(text, "[vm NAME] (only in the file)\n  weight = NUMBER\n");
    says(text, "--show-config");
    free(text);
    file = open_memstream(&text, &len);
    config_man(&program, file);
    fclose(file);
    says(text, ".TP\n\\fB\\-\\-min\\-age\\fR=\\fIus\\fR\n");
    says(text, ".SS [vm NAME]\n");
    free(text);
}

TEST(test_apply)
{
    struct damon_reclaim_config new = {.size = sizeof(new), .backend = "sim", .flags = DAMON_RECLAIM_KEEP_ON_INVALID};
    struct damon_reclaim_params params = {.size = sizeof(params)};
    struct damon_reclaim *ctx;

    ck_assert_int_eq(damon_reclaim_new(&new, &ctx), 0);
    ck_assert_int_eq(load_file("[parameters]\nmin_age = 30s\nquota_sz = 1MiB\n"), 0);
    ck_assert_msg(config_apply(config, ctx, &error) == 0, "%s", error.text);
    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &params), 0);
    ck_assert_uint_eq(params.min_age, 30000000);
    ck_assert_uint_eq(params.quota_sz, MIB);
    damon_reclaim_unref(ctx);
}
