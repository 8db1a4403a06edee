/* SPDX-License-Identifier: MIT */
/* A hypervisor below a root directory of the test, and the daemon over it. The processes are real, what /proc says of
 * them is not. Windows are 100 ms long, memory is cold after 100 ms. */
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

/* The begin of the lines of a metric that a machine has. */
#define METRIC(name, vm) "damon_reclaim_" name "{vm=\"" vm "\""
double metric(const char *begin);
/* Waits until the machine is in the state. */
bool vm_state(const char *name, pid_t pid, const char *state);

#endif
