/* SPDX-License-Identifier: MIT */
/* What the tests of the simulation share: an environment that counts its memory, and the log of its errors. */
#ifndef DRCL_TEST_SIM_ENV_H
#define DRCL_TEST_SIM_ENV_H

#include <check.h>

#include "env.h"

/* ck_assert() for loops: libcheck notes each assertion in a file, which costs more than what is tested. */
#define expect(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg("%s", #condition);                                                                            \
    } while (0)

struct sim_env {
    struct drcl_env env;
    size_t live, peak; /* bytes */
    size_t nr_blocks;  /* allocations not freed */
    size_t nr_calls;   /* allocations asked for */
    size_t fail_at;    /* the allocation to fail, counted from 1; 0: none */
};

void sim_env_open(struct sim_env *t);
void sim_env_close(struct sim_env *t); /* fails the test if memory is left */

/* Runs a suite of one test case made by @fill. Returns the exit status for main(). */
int sim_suite(const char *name, void (*fill)(TCase *tc));

#endif
