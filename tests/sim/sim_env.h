/* SPDX-License-Identifier: MIT */
/* What the tests of the simulation share: an environment that counts its memory, and the log of its errors. */
#ifndef DRCL_TEST_SIM_ENV_H
#define DRCL_TEST_SIM_ENV_H

#include "counted.h"
#include "base/env.h"
#include "suite.h"

struct sim_env {
    struct drcl_env env;
    struct counted memory;
};

void sim_env_open(struct sim_env *t);
void sim_env_close(struct sim_env *t); /* fails the test if memory is left */

#endif
