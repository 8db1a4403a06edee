/* SPDX-License-Identifier: MIT */
/* What the long runs share: a random source that a seed repeats, and what a process holds. */
#ifndef SOAK_H
#define SOAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The seed that @text gives, or one of the clock without it; prints it, so that a run can be had again. */
uint64_t soak_seed(const char *text);

struct soak_random {
    uint64_t state;
};
uint64_t soak_random(struct soak_random *random, uint64_t n); /* 0 .. n - 1 */
bool soak_chance(struct soak_random *random, unsigned int percent);

/* Of a process: resident memory, and open files. 0 when it is gone. */
uint64_t soak_rss(pid_t pid);
unsigned int soak_fds(pid_t pid);

/*
 * Whether memory stays flat: its highest value in each part of a run (a day, a minute), against the parts after which
 * the run is warm.
 */
struct soak_flat {
    unsigned int warm;                       /* parts until then, at least 1 */
    unsigned int n;                          /* parts so far */
    uint64_t peak;                           /* of this part */
    uint64_t before;                         /* the highest of the warm-up */
    uint64_t after;                          /* the highest afterwards */
    unsigned int fds_before, fds_after, fds; /* the same for open files */
};
void soak_flat_look(struct soak_flat *flat, pid_t pid);
void soak_flat_end_part(struct soak_flat *flat); /* prints a line about it */
/* Prints what it came to. False: more than 1 % or a file was gained, or the run was too short to tell. */
bool soak_flat_result(const struct soak_flat *flat);

#endif
