/* SPDX-License-Identifier: MIT */
/* What the fuzz targets share. A target is a parser, fed with whatever libFuzzer makes up; must() says what holds of a
 * result. */
#ifndef DRCL_TEST_FUZZ_H
#define DRCL_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"

#define must(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An environment of the system's own calls, or of those in @ops. */
static inline struct drcl_env fuzz_env(const struct damon_reclaim_system_ops *ops, void *data)
{
    const struct damon_reclaim_config config = {.size = sizeof(config), .system_ops = ops, .system_data = data};
    struct drcl_env env;

    must(drcl_env_init(&env, &config) == 0);
    return env;
}

/* A refusal has a text of one line. */
static inline void must_explain(struct drcl_env *env)
{
    must(env->error[0] && !strchr(env->error, '\n'));
    env->error[0] = '\0';
}

#endif
