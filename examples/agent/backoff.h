/* SPDX-License-Identifier: MIT */
/*
 * Lowers a quota when too much of the reclaimed memory refaults. The result depends only on the arguments.
 *
 * Time is divided into windows. A window is a breach if more than `limit_permille` of the memory that was reclaimed
 * lately refaulted. "Lately" means sums that lose a quarter at the end of each window, so that refaults count even if
 * they come some windows after their reclaim. A breach multiplies the factor by limit / ratio, at least by 1/8 and at
 * most by 1/2. After `calm_windows` windows without a breach, the factor grows by 1/16 per window: from 1 %, the floor,
 * to 100 % in 7 minutes with windows of 5 s. A window in which less than `evidence_bytes` refaulted is no breach.
 *
 * The kernel evicts memory as well, and nobody tells whose page it is that refaults. So the refaults are shared: our
 * part of them is our part of what is out, that is of what was evicted and has not refaulted yet. It is never more than
 * we have out. Anonymous memory and files are shared apart. What does not come back is forgotten: a 64th at the end of
 * each window.
 */
#ifndef AGENT_BACKOFF_H
#define AGENT_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#include "cost.h"

#define BACKOFF_FULL 1000u /* permille: the quota as it is configured */

struct backoff_limits {
    uint32_t limit_permille; /* share of the reclaimed bytes that may refault; 0: never back off */
    uint32_t floor_permille; /* least factor, so that some reclaiming still shows when it has become harmless */
    uint32_t calm_windows;   /* windows without a breach before the factor grows */
    uint64_t window_ns;
    uint64_t evidence_bytes;
};

/* 20, 10, 2, 5 s, 256 KiB */
extern const struct backoff_limits backoff_defaults;

/* Initialise it with BACKOFF_INIT. */
struct backoff {
    uint32_t factor;                             /* permille of the quota that may be used: the result */
    uint32_t calm;                               /* windows without a breach */
    uint64_t window_end_ns;                      /* 0: no window has begun */
    uint64_t reclaimed, refaulted;               /* in the current window, bytes */
    uint64_t recent_reclaimed, recent_refaulted; /* decaying sums of earlier windows */
    uint64_t out;                                /* what we have reclaimed and has not refaulted, bytes */
    uint64_t kernel_anon, kernel_file;           /* what the kernel has evicted and has not refaulted, bytes */
    uint64_t nr_breaches;
};

#define BACKOFF_INIT ((struct backoff){.factor = BACKOFF_FULL})

/*
 * Adds the bytes that were reclaimed since the last call, and what the kernel's counters say of the same time. Returns
 * whether the factor has changed. If the caller is late, windows that it missed count as windows without refaults.
 */
bool backoff_update(struct backoff *backoff, const struct backoff_limits *limits, uint64_t now_ns, uint64_t reclaimed,
                    const struct cost_flow *flow);

/* The lowered quota. It is at least 1, because 0 means no limit. A quota of 0 (no limit) counts as @unlimited. */
uint64_t backoff_scale(const struct backoff *backoff, uint64_t quota, uint64_t unlimited);

/* The share of the bytes that we have reclaimed lately that refaulted, in permille; 0 if nothing was reclaimed. */
uint32_t backoff_ratio(const struct backoff *backoff);

#endif
