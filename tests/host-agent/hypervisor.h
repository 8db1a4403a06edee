/* SPDX-License-Identifier: MIT */
/* A hypervisor below a root directory of the test, and the daemon on it. The processes are real; what their /proc says
 * is not. A window of the quota is 100 ms long, and memory is cold after 100 ms. */
#ifndef HYPERVISOR_H
#define HYPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon.h"
#include "suite.h"
#include "tree.h"

#define MIB   UINT64_C(1048576)
#define QUOTA (4 * MIB) /* a window */

extern struct tree tree;
extern char textfile[128], config[128]; /* paths */
extern pid_t daemon_pid;                /* 0: a test has ended it */

/* The fixture of each test. */
void setup(void);
void teardown(void);

/* Writes the daemon's file, with more behind it; also starts the daemon. */
void write_config(const char *more);
void begin(const char *more);

/* Makes the process a machine with 64 MiB of guest memory; also starts the process. */
void make_machine(pid_t pid, const char *name);
pid_t machine(const char *name);
/* With libvirt's memfd of huge pages, which has the name of one without them: smaps alone tells. */
pid_t hugetlb_machine(const char *name);
void set_resident(pid_t pid, uint64_t mib);
void set_stat(pid_t pid, unsigned int major_faults);

/* How the lines of a machine's metric begin. */
#define METRIC(name, vm) "damon_reclaim_" name "{vm=\"" vm "\""
#define PAUSED(vm, by)   METRIC("vm_paused", vm) ",reason=\"" by "\"}"
/* The value of the metric whose line begins so; -1: there is none. */
double metric(const char *begin);

/* What is to be true, or the test fails and prints the value. At once: */
void metric_is(const char *begin, double value);
void metric_is_between(const char *begin, double least, double most);
void metric_is_missing(const char *begin);
/* After a while, of ten seconds at most: the metric has the value, has at least the value, or is gone. */
void metric_becomes(const char *begin, double value);
void metric_reaches(const char *begin, double least);
void metric_vanishes(const char *begin);
void vm_becomes(const char *name, pid_t pid, const char *state);

/* Reads the file again, and waits until that many reloads have had the result, "applied" or "refused". */
void reload(const char *more, const char *result, unsigned int times);
/* Waits until the daemon has read what the machine uses, and with it what all others use. */
void usage_is_read(const char *name, pid_t pid);
/* Lets time pass, as long as @n windows. */
void windows_pass(unsigned int n);
/* The daemon ends well, and so do the processes. */
void stop_all(const pid_t *pids, size_t n);

#endif
