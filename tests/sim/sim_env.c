/* SPDX-License-Identifier: MIT */
#include "sim_env.h"

#include <string.h>

void sim_env_open(struct sim_env *t)
{
    struct damon_reclaim_allocator allocator = counted_allocator(&t->memory);
    struct damon_reclaim_config config = {.size = sizeof(config), .allocator = &allocator};

    memset(t, 0, sizeof(*t));
    ck_assert_int_eq(drcl_env_init(&t->env, &config), 0);
}

void sim_env_close(struct sim_env *t)
{
    drcl_env_fini(&t->env);
    ck_assert_uint_eq(t->memory.nr_blocks, 0);
    ck_assert_uint_eq(t->memory.live, 0);
}
