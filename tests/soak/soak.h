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

/* Errors in the log of a daemon; prints those without the text @expected, which may be NULL. */
unsigned int soak_errors(const char *log, const char *expected);

/* The open files of a process; 0 when it is gone. */
unsigned int soak_fds(pid_t pid);

/*
 * Whether memory stays flat: what is resident, and what only the process has, resident or swapped out, since of a
 * process that is reclaimed itself the former tells nothing. A run is of @total parts (days, minutes), each looked at
 * when it ends. The first third warms up; then the means of the two halves of what is left are compared.
 */
struct soak_half {
    unsigned int n;                     /* parts */
    uint64_t resident_kib, private_kib; /* sums */
    unsigned int fds;                   /* the most */
};
struct soak_flat {
    unsigned int total;
    unsigned int n;    /* parts so far */
    uint64_t most_kib; /* resident */
    struct soak_half half[2];
};
void soak_flat_look(struct soak_flat *flat, pid_t pid); /* prints a line */
/* Prints what it came to. False: the former grew by more than 1 %, the latter by more than 1 % of the most that was
 * resident, a file was gained, or the run was too short to tell. */
bool soak_flat_result(const struct soak_flat *flat);

#endif
