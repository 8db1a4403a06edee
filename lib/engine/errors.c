/* SPDX-License-Identifier: MIT */
#include "engine/errors.h"

#include <errno.h>

bool drcl_engine_take_result(struct drcl_engine *engine, struct drcl_target *target, int r)
{
    if (r >= 0)
        return true;
    switch (r) {
    case -ESRCH:
        if (!target->removed) {
            target->removed = true;
            target->vanished = true;
        }
        break;
    case -ENOMEM:
    case -EINTR:
    case -EAGAIN:
        break; /* the next call may succeed */
    default:
        engine->failed = r;
        engine->halt = true;
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
