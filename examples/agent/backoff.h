/* SPDX-License-Identifier: MIT */
/*
 * How far a quota is to shrink because what was reclaimed is needed back. A pure function of what it is told.
 *
 * Time is cut into windows. A window is a breach when more than `limit_permille` of what was reclaimed lately was
 * refaulted, "lately" being sums that lose a quarter at the end of each window, so that refaults that come some windows
 * after their reclaim still count against it. A breach multiplies the factor by limit / ratio, at least by 1/8 and at
 * most by 1/2. After `calm_windows` windows without breach it grows by 1/16 a window: from the floor of 1 % to all of
 * the quota in 7 minutes with windows of 5 s. A window with less than `evidence_bytes` refaulted is no breach.
 */
#ifndef AGENT_BACKOFF_H
#define AGENT_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#define BACKOFF_FULL 1000u /* permille: the quota as it is configured */

struct backoff_limits {
    uint32_t limit_permille; /* refaulted of reclaimed bytes; 0: never back off */
    uint32_t floor_permille; /* least factor, so that it is seen when reclaiming has become harmless */
    uint32_t calm_windows;   /* without breach, before it grows */
    uint64_t window_ns;
    uint64_t evidence_bytes;
};

/* 20, 10, 2, 5 s, 256 KiB */
extern const struct backoff_limits backoff_defaults;

/* Begins as BACKOFF_INIT. */
struct backoff {
    uint32_t factor;                             /* permille of the quota that may be used: the result */
    uint32_t calm;                               /* windows without breach */
    uint64_t window_end_ns;                      /* 0: none has begun */
    uint64_t reclaimed, refaulted;               /* of the running window, bytes */
    uint64_t recent_reclaimed, recent_refaulted; /* sums of the windows before, decaying */
    uint64_t nr_breaches;
};

#define BACKOFF_INIT ((struct backoff){.factor = BACKOFF_FULL})

/*
 * Adds what has happened since the last call, in bytes. Returns whether the factor has changed. Windows in which
 * nothing was told because the caller was late count as windows without refaults.
 */
bool backoff_update(struct backoff *backoff, const struct backoff_limits *limits, uint64_t now_ns, uint64_t reclaimed,
                    uint64_t refaulted);

/* The share of a quota, at least 1, so that it does not become "no limit". A quota of 0 (no limit) is taken as
 * @unlimited. */
uint64_t backoff_scale(const struct backoff *backoff, uint64_t quota, uint64_t unlimited);

/* Refaulted of reclaimed bytes lately, permille; 0 if nothing was reclaimed. */
uint32_t backoff_ratio(const struct backoff *backoff);

#endif
