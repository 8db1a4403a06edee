/* SPDX-License-Identifier: MIT */
#include "common/clock.h"

uint64_t clock_ns(clockid_t id)
{
    struct timespec now = {0};

    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t clock_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}
