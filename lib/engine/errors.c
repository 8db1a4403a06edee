/* SPDX-License-Identifier: MIT */
#include "engine/errors.h"

#include <errno.h>

void drcl_engine_take_failure(struct drcl_engine *engine, int r)
{
    if (r >= 0 || r == -ENOMEM || r == -EINTR || r == -EAGAIN) /* these pass: the next call may succeed */
        return;
    engine->failed = r;
    engine->halt = true;
}

bool drcl_engine_take_result(struct drcl_engine *engine, struct drcl_target *target, int r)
{
    if (r >= 0)
        return true;
    if (r != -ESRCH) {
        drcl_engine_take_failure(engine, r);
    } else if (!target->removed) {
        target->removed = true;
        target->vanished = true;
    }
    return false;
}

int drcl_engine_take_error(struct drcl_engine *engine)
{
    int r = engine->failed;

    engine->failed = 0;
    engine->explained = false;
    return r;
}
