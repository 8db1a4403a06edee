/* SPDX-License-Identifier: MIT */
/*
 * What a virtual machine monitor says about the memory of its guest: the pieces that it was told to make, from its
 * command line. Memory of the process that is not one of these pieces is not taken for the guest's.
 */
#ifndef HOST_TOLD_H
#define HOST_TOLD_H

#include "cmdline.h"

#define HOST_TOLD_MAX 32

enum host_ram_kind {
    HOST_RAM_NONE,
    HOST_RAM_ANON,
    HOST_RAM_MEMFD,
    HOST_RAM_SHM,     /* tmpfs */
    HOST_RAM_HUGETLB, /* which the kernel does not reclaim */
    HOST_RAM_FILE,
    HOST_RAM_MIXED /* several of these; not a kind of a single piece */
};

#define HOST_RAM_BIT(kind) (1u << (kind))
#define HOST_RAM_ANY                                                                                                   \
    (HOST_RAM_BIT(HOST_RAM_ANON) | HOST_RAM_BIT(HOST_RAM_MEMFD) | HOST_RAM_BIT(HOST_RAM_SHM) |                         \
     HOST_RAM_BIT(HOST_RAM_HUGETLB) | HOST_RAM_BIT(HOST_RAM_FILE))

struct host_told_piece {
    uint64_t size;
    unsigned int kinds; /* HOST_RAM_BIT() of those that it may be of */
    bool later;         /* it may not be there yet */
    bool other;         /* it is memory of a device, such as an NVDIMM, and not to be taken */
};

struct host_told {
    struct host_told_piece pieces[HOST_TOLD_MAX];
    size_t n;
    uint64_t room;   /* bytes that may be hot-plugged, in pieces that the command line does not list */
    bool splits;     /* a piece may be mapped in two, below and above a hole of the guest's addresses */
    bool assumed;    /* the command line has no size; it is the monitor's default */
    bool encrypted;  /* the guest's memory is encrypted, and the kernel cannot move it */
    char wrong[160]; /* what was not understood; "" if all was. There are no pieces then */
};

/* Reads the options of QEMU (-m, -object memory-backend-*, -machine, -numa, -device, -mem-path) and of cloud-hypervisor
 * (--memory, --memory-zone). @exe: the path of the program, or NULL. @configured: the size that the administrator has
 * configured, which counts instead; 0: none. */
void host_told_read(const struct host_cmdline *cmdline, const char *exe, uint64_t configured, struct host_told *ret);

/* Parses a size as the monitors take it: "4G", "0.5G", "1048576k", "0x10000000". A bare number is in @unit. Returns
 * false if it is none. */
bool host_parse_size(const char *text, uint64_t unit, uint64_t *ret);

#endif
