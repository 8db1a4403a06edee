/* SPDX-License-Identifier: MIT */
/*
 * A client of Redis on a Unix socket: fills the server, and asks for values, hot ones and now and then any one.
 */
#ifndef REDIS_H
#define REDIS_H

#include <stdint.h>

#define REDIS_SOCKET "/tmp/redis.sock"
#define REDIS_KEYS   200000u
#define REDIS_HOT    (REDIS_KEYS / 10) /* the first keys are hot */
#define REDIS_VALUE  1024u
#define REDIS_RARE   1000u /* one request of so many asks for any key, the others for a hot one */

#define REDIS_SLOWEST_US 1000000u

/* What has come of a run of requests. */
struct redis_result {
    uint64_t ns;   /* how long it took */
    uint64_t done; /* requests that were answered */
    /* How many were answered after so many us, counted from when they were due; the last entry: or later. */
    uint32_t after_us[REDIS_SLOWEST_US + 1];
};

/* Stores all keys. Exits with a message if that fails, as the others do. */
void redis_fill(void);

/* Asks @rate times a second for @seconds, whether or not answers have come: a request that has to wait for an earlier
 * one is as late as it would be for a client of its own. */
void redis_ask_at_rate(unsigned int rate, unsigned int seconds, struct redis_result *result);

/* Asks again as soon as the answer is there. */
void redis_ask_always(unsigned int seconds, struct redis_result *result);

/* The time within which @permille10 of 10,000 requests were answered, us. */
double redis_quantile_us(const struct redis_result *result, unsigned int permille10);

#endif
