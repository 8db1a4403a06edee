/* SPDX-License-Identifier: MIT */
/* Stand-ins for virtual machines: processes that are named and laid out like QEMU's. */
#ifndef MACHINES_H
#define MACHINES_H

#include "guest.h"

#define MACHINE_VIDEO   (16 * MIB) /* memory that is not the guest's */
#define MACHINE_COMMAND "qemu-system-x86_64"

struct machine {
    const char *name;
    uint64_t hot;           /* MiB in use, from the begin of its memory */
    uint64_t size;          /* MiB; 0: 100 */
    unsigned int period_ms; /* between two rounds over what is in use; 0: 50 */
    /* Filled in by machine_start(). */
    pid_t pid;
    uint64_t ram, video;
};

/* First of all in main(), for the program is also its machines: the exit status of one, or -1 if it is none. */
int machine_main(int argc, char **argv);

/* Starts one; returns when its memory is filled. SIGUSR1: all of it is in use; SIGUSR2: the hot part again. */
void machine_start(struct machine *m);
uint64_t machine_resident(const struct machine *m);
/* Ends it. Whether by itself, with its memory as it was. */
bool machine_end(struct machine *m);
/* What the hypervisor's daemon counts of it, as daemon_metric(). */
double machine_metric(const struct machine *m, const char *name, const char *label);

#endif
