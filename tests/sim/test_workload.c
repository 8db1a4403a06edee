/* SPDX-License-Identifier: MIT */
/* Workload files: the shapes that exist, and every way to get one wrong. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/sim/workload.h"
#include "sim_env.h"

static struct drcl_workload *parse(struct sim_env *t, const char *text)
{
    struct drcl_workload *w = NULL;
    int r = drcl_workload_parse(&t->env, text, strlen(text), "w.cfg", &w);

    ck_assert_msg(r == 0, "refused: %s", t->env.error);
    return w;
}

TEST(test_shapes)
{
    static const char text[] = "# all that the format allows\r\n"
                               "\n"
                               "   \t\n"
                               "#regions\n"
                               "# name, size, file\n"
                               "small, 256, none\n"
                               "  l3 cache , 47185920\n"
                               "# in the middle\n"
                               "data,10737418240,/var/lib/data\r\n"
                               "\n\n\n"
                               "#phases\n"
                               "# of the first\n"
                               " 10 GiB seq perf\n"
                               "# time in ms\n"
                               "2000\n"
                               "small, 0, 64,1\n"
                               "# and a comment\n"
                               "l3 cache, 1, 4096, 99, wo\r\n"
                               "\n"
                               "idle\n"
                               "86400000\n"
                               "\n"
                               "last, with a comma\n"
                               "1\n"
                               "data, 1, 0, 7, rw\n"
                               "data, 0, 100000, 0, ro";
    struct sim_env t;
    struct drcl_workload *w;

    sim_env_open(&t);
    w = parse(&t, text);
    ck_assert_uint_eq(w->nr_regions, 3);
    ck_assert_uint_eq(w->regions[0].size, 256);
    ck_assert_int_eq(w->regions[0].file, false);
    ck_assert_uint_eq(w->regions[1].name_len, 8);
    ck_assert_mem_eq(w->regions[1].name, "l3 cache", 8);
    ck_assert_int_eq(w->regions[1].file, false);
    ck_assert_uint_eq(w->regions[2].size, UINT64_C(10737418240));
    ck_assert_int_eq(w->regions[2].file, true);
    ck_assert_uint_eq(w->nr_phases, 3);
    ck_assert_uint_eq(w->phases[0].ms, 2000);
    ck_assert_uint_eq(w->phases[0].nr_patterns, 2);
    ck_assert_uint_eq(w->phases[0].weight, 100);
    ck_assert_uint_eq(w->phases[1].nr_patterns, 0);
    ck_assert_uint_eq(w->phases[2].first_pattern, 2);
    ck_assert_uint_eq(w->nr_patterns, 4);
    ck_assert_int_eq(w->patterns[0].random, false);
    ck_assert_uint_eq(w->patterns[0].stride, 64);
    ck_assert_int_eq(w->patterns[1].random, true);
    ck_assert_uint_eq(w->patterns[1].region, 1);
    ck_assert_uint_eq(w->patterns[2].weight, 7);
    ck_assert_uint_eq(w->patterns[3].stride, 100000);
    drcl_workload_free(&t.env, w);
    sim_env_close(&t);
}

TEST(test_byte_order_mark)
{
    struct sim_env t;
    struct drcl_workload *w;

    sim_env_open(&t);
    w = parse(&t, "\xef\xbb\xbf"
                  "a, 4096\r\n\r\nphase\r\n1\r\na, 0, 1, 1\r\n");
    ck_assert_uint_eq(w->regions[0].name_len, 1);
    ck_assert_uint_eq(w->nr_patterns, 1);
    drcl_workload_free(&t.env, w);
    sim_env_close(&t);
}

#define REGION "a, 4096\n\n"

/* What is wrong, and what the message must name. */
static const struct {
    const char *text, *message;
} wrong[] = {
    {"", "w.cfg: nothing is in it"},
    {"\xef\xbb\xbf", "w.cfg: nothing is in it"},
    {"\n# only a comment\n\n", "w.cfg:3: nothing is in it"},
    {"a, 4096\n", "w.cfg:1: no phase"},
    {"a\n", "w.cfg:1: \"a\" is no region"},
    {"a, 1, b, c\n", "w.cfg:1: \"a, 1, b, c\" is no region"},
    {"a, 1,\n", "w.cfg:1: the file of region \"a\" is missing"},
    {", 1\n", "w.cfg:1: the region has no name"},
    {"a,\n", "w.cfg:1: the size of the region is missing"},
    {"# c\na, 0\n", "w.cfg:2: region \"a\" is empty"},
    {"a, 1k\n", "w.cfg:1: the size of the region \"1k\" is no decimal number"},
    {"a, -1\n", "w.cfg:1: the size of the region \"-1\" is no decimal number"},
    {"a, 99999999999999999999999999\n", "w.cfg:1: the size of the region 99999999999999999999999999 is too large"},
    {"a, 70368744177665\n", "w.cfg:1: the size of the region 70368744177665 is too large; at most 70368744177664"},
    {"a, 70368744177664\nb, 1\n", "w.cfg:2: the regions add up to more than"},
    {"a, 1\nb, 1\na, 2\n", "w.cfg:3: region \"a\" is there already"},
    {REGION "phase\n", "w.cfg:3: the phase ends after its name"},
    {REGION "phase\n\na, 0, 1, 1\n", "w.cfg:4: the phase ends after its name"},
    {REGION "phase\nsoon\n", "w.cfg:4: the duration of the phase in ms \"soon\" is no decimal number"},
    {REGION "phase\n0\n", "w.cfg:4: the phase lasts 0 ms"},
    {REGION "phase\n86400001\n", "w.cfg:4: the duration of the phase in ms 86400001 is too large"},
    {REGION "phase\n1\nb, 0, 1, 1\n", "w.cfg:5: no region is called \"b\""},
    {REGION "phase\n1\naa, 0, 1, 1\n", "w.cfg:5: no region is called \"aa\""},
    {REGION "phase\n1\na, 2, 1, 1\n", "w.cfg:5: the randomness \"2\" is neither"},
    {REGION "phase\n1\na, , 1, 1\n", "w.cfg:5: the randomness \"\" is neither"},
    {REGION "phase\n1\na, 0, 0, 1\n", "w.cfg:5: the stride of a sequential pattern is 0"},
    {REGION "phase\n1\na, 0, x, 1\n", "w.cfg:5: the stride \"x\" is no"},
    {REGION "phase\n1\na, 0, 1\n", "w.cfg:5: \"a, 0, 1\" is no pattern"},
    {REGION "phase\n1\na, 0, 1, \n", "w.cfg:5: the probability is missing"},
    {REGION "phase\n1\na, 0, 1, 1000000001\n", "w.cfg:5: the probability 1000000001 is too large"},
    {REGION "phase\n1\na, 0, 1, 1, rx\n", "w.cfg:5: the mode \"rx\" is none of ro, wo, rw"},
    {REGION "phase\n1\na, 0, 1, 1, ro, 1\n", "w.cfg:5: \"a, 0, 1, 1, ro, 1\" is no pattern"},
    {REGION "phase\n1\na, 0, 1, 0\n\np\n1\n", "w.cfg:6: every probability of the phase is 0"},
    {REGION "ph\033[2Jase\n1\n", "w.cfg:3: a control character, 0x1b"},
};

TEST_CASES(test_wrong, NUMBER_OF(wrong))
{
    struct drcl_workload *w = NULL;
    struct sim_env t;

    sim_env_open(&t);
    ck_assert_int_eq(drcl_workload_parse(&t.env, wrong[_i].text, strlen(wrong[_i].text), "w.cfg", &w), -EINVAL);
    ck_assert_ptr_null(w);
    ck_assert_msg(!strncmp(t.env.error, wrong[_i].message, strlen(wrong[_i].message)), "\"%s\" is not \"%s...\"",
                  t.env.error, wrong[_i].message);
    sim_env_close(&t);
}

/* @head and @n pieces with their numbers in the middle. */
static char *pieces(const char *head, unsigned int n, const char *before, const char *behind)
{
    size_t step = strlen(before) + strlen(behind) + 11, len = strlen(head);
    char *text = malloc(len + n * step + 1);

    ck_assert_ptr_nonnull(text);
    memcpy(text, head, len + 1);
    for (unsigned int i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, step, "%s%u%s", before, i, behind);
    return text;
}

static void expect_too_many(char *text, const char *message)
{
    struct drcl_workload *w = NULL;
    struct sim_env t;

    sim_env_open(&t);
    ck_assert_int_eq(drcl_workload_parse(&t.env, text, strlen(text), "w", &w), -EINVAL);
    ck_assert_msg(strstr(t.env.error, message) != NULL, "%s", t.env.error);
    free(text);
    sim_env_close(&t);
}

TEST(test_limits)
{
    struct drcl_workload *w = NULL;
    struct sim_env t;

    expect_too_many(pieces("", DRCL_WORKLOAD_MAX_REGIONS + 1, "r", ", 1\n"), "more than 4096 regions");
    expect_too_many(pieces(REGION, DRCL_WORKLOAD_MAX_PHASES + 1, "p", "\n1\n\n"), "more than 16384 phases");
    expect_too_many(pieces(REGION "p\n1\n", DRCL_WORKLOAD_MAX_PATTERNS + 1, "a,1,", ",1\n"),
                    "more than 262144 patterns");
    sim_env_open(&t);
    ck_assert_int_eq(drcl_workload_parse(&t.env, "", DRCL_WORKLOAD_MAX_TEXT + 1, "w", &w), -EINVAL);
    ck_assert_str_eq(t.env.error, "w: the workload is 16777217 bytes long; at most 16777216");
    ck_assert_int_eq(drcl_workload_parse(&t.env, NULL, 0, "w", &w), -EINVAL);
    ck_assert_int_eq(drcl_workload_parse(&t.env, "a, 1\0\n\np\n1\n", 11, "w", &w), -EINVAL);
    ck_assert_str_eq(t.env.error, "w:1: a control character, 0x00; a workload is a text");
    sim_env_close(&t);
}

TEST(test_long_lines_are_cut_in_messages)
{
    char text[2000];
    struct drcl_workload *w = NULL;
    struct sim_env t;

    memset(text, 'x', sizeof(text));
    sim_env_open(&t);
    ck_assert_int_eq(drcl_workload_parse(&t.env, text, sizeof(text), "w", &w), -EINVAL);
    ck_assert_str_eq(t.env.error, "w:1: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" is no region; "
                                  "write: name, size in bytes[, file]");
    sim_env_close(&t);
}

TEST(test_every_allocation_fails)
{
    static const char text[] = "a, 1\nb, 2\nc, 3\n\np\n1\na, 0, 1, 1\nb, 0, 1, 1\n\nq\n1\nc, 1, 1, 1\n";
    struct drcl_workload *w = NULL;
    struct sim_env t;
    int r = -ENOMEM;

    for (size_t n = 1; r < 0; n++) {
        sim_env_open(&t);
        t.memory.nr_calls = 0;
        t.memory.fail_at = n;
        r = drcl_workload_parse(&t.env, text, sizeof(text) - 1, "w", &w);
        if (r < 0) {
            ck_assert_int_eq(r, -ENOMEM);
            ck_assert_str_eq(t.env.error, "w: out of memory");
        } else {
            ck_assert_uint_ge(n, 7); /* the structure, the text and four arrays, and once without a failure */
            drcl_workload_free(&t.env, w);
        }
        sim_env_close(&t);
    }
}
