/* SPDX-License-Identifier: MIT */
/* What a killed program has left. */
#include <errno.h>
#include <stdio.h>

#include "damon_reclaim/damon_reclaim.h"

#include "base/env.h"
#include "base/structs.h"
#include "drivers/damon/holder.h"

int damon_reclaim_cleanup(const struct damon_reclaim_config *user, char *text, size_t size)
{
    struct damon_reclaim_config config = {.size = sizeof(config)};
    struct drcl_env env = {0};
    int r;

    if (!user)
        return -EINVAL;
    r = drcl_struct_take(&env, "config", &config, sizeof(config), user);
    if (r == 0)
        r = drcl_env_init(&env, &config);
    if (r == 0)
        r = drcl_damon_clean_up(&env);
    if (text && size)
        snprintf(text, size, "%s",
                 r > 0          ? "what a killed program had set up in the kernel's DAMON was removed"
                 : env.error[0] ? env.error
                                : "nothing is left of a killed program");
    drcl_env_fini(&env);
    return r;
}
