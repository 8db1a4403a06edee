/* SPDX-License-Identifier: MIT */
/* The header in C++: callbacks from lambdas, structs set to zero, flags and enums as they are. */
#include <damon_reclaim/damon_reclaim.h>
#include <damon_reclaim/damon_reclaim.h>

int use_everything();

int use_everything()
{
    damon_reclaim_callbacks callbacks = {};
    damon_reclaim_config config = {};
    damon_reclaim_filter filter = {};
    damon_reclaim *ctx = nullptr;

    callbacks.size = sizeof(callbacks);
    callbacks.after_aggregation = [](damon_reclaim *, void *userdata) { ++*static_cast<int *>(userdata); };
    callbacks.before_reclaim = [](damon_reclaim *, uint32_t, const damon_reclaim_region *region, void *) {
        return region->end - region->start >= 4096;
    };
    config.size = sizeof(config);
    config.callbacks = &callbacks;
    config.flags = DAMON_RECLAIM_KEEP_ON_INVALID | DAMON_RECLAIM_NO_MARK;
    filter.type = DAMON_RECLAIM_FILTER_ANON;
    if (damon_reclaim_new(&config, &ctx) < 0)
        return 1;
    damon_reclaim_set_filters(ctx, DAMON_RECLAIM_SCHEME_RECLAIM, &filter, 1);
    damon_reclaim_set(ctx, "enabled", "Y");
    ctx = damon_reclaim_unref(ctx);
    return ctx != nullptr;
}
