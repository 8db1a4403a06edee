/* SPDX-License-Identifier: MIT */
#include "sim_env.h"

#include <stdlib.h>
#include <string.h>

/* In front of each block, as large as alignment needs. */
union header {
    size_t bytes;
    max_align_t align;
};

static void *count_realloc(void *data, void *ptr, size_t bytes)
{
    struct sim_env *t = data;
    union header *old = ptr ? (union header *)ptr - 1 : NULL, *new;
    size_t old_bytes = old ? old->bytes : 0;

    if (++t->nr_calls == t->fail_at)
        return NULL;
    new = realloc(old, sizeof(*new) + bytes);
    if (!new)
        return NULL;
    new->bytes = bytes;
    t->nr_blocks += !old;
    t->live += bytes - old_bytes;
    if (t->live > t->peak)
        t->peak = t->live;
    return new + 1;
}

static void count_free(void *data, void *ptr)
{
    struct sim_env *t = data;
    union header *block = (union header *)ptr - 1;

    t->nr_blocks--;
    t->live -= block->bytes;
    free(block);
}

void sim_env_open(struct sim_env *t)
{
    struct damon_reclaim_allocator allocator = {sizeof(allocator), count_realloc, count_free, t};
    struct damon_reclaim_config config = {.size = sizeof(config), .allocator = &allocator};

    memset(t, 0, sizeof(*t));
    ck_assert_int_eq(drcl_env_init(&t->env, &config), 0);
}

void sim_env_close(struct sim_env *t)
{
    drcl_env_fini(&t->env);
    ck_assert_uint_eq(t->nr_blocks, 0);
    ck_assert_uint_eq(t->live, 0);
}

int sim_suite(const char *name, void (*fill)(TCase *tc))
{
    Suite *suite = suite_create(name);
    TCase *tc = tcase_create(name);
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 120);
    fill(tc);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
