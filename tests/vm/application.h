/* SPDX-License-Identifier: MIT */
/* What the programs have in common whose memory is reclaimed for tests/vm/applications. */
#ifndef APPLICATION_H
#define APPLICATION_H

#include <stdint.h>
#include <sys/types.h>

#include "reclaimer.h"

#define APPLICATION_CGROUP  "application"
#define APPLICATION_MIN_AGE "5000000"

/* Starts a program of /bin in the cgroup. Exits with a message if that fails, as the others do. */
pid_t application_start(const char *const argv[]);
/* Runs a function in a process of its own, and waits for it. */
void application_apart(void (*function)(void *argument), void *argument);

/* Resident memory of a process, and all of the cgroup, bytes. */
uint64_t application_resident(pid_t pid);
uint64_t application_charged(void);
/* What zram takes for what is swapped out. */
uint64_t application_zram(void);

/* The kernel's counters of what was read back, pages. */
struct application_counters {
    uint64_t swapped_in; /* of the whole machine */
    uint64_t refaults;   /* of the cgroup */
};

struct application_counters application_counters(void);

/* Adds a number to the line of JSON. */
void application_member(const char *name, double value);
/* Adds what zram takes, and what was read back since @before. */
void application_members_of_memory(const struct application_counters *before);

/* Adds what the way took. */
void application_members_of_way(const struct reclaimer_figures *figures);

/* The applications: each runs while its memory is reclaimed in that way, and adds what came of it. */
void application_redis(const char *way);
void application_compiler(const char *way);

#endif
