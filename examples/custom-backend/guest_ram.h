/* SPDX-License-Identifier: MIT */
/*
 * The memory of a guest, and the page table through which the guest accesses it: every virtual machine monitor and
 * every emulator has something like this. A page is either in memory or in the monitor's swap file.
 */
#ifndef GUEST_RAM_H
#define GUEST_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_PAGE 4096u

/* Bits of a page table entry. Every access sets both accessed bits. One is read and cleared by sampling, the other by
 * marking and reclaiming. */
enum guest_entry {
    GUEST_PRESENT = 1,
    GUEST_SWAPPED = 2,
    GUEST_ACCESSED = 4,           /* since this page was last sampled */
    GUEST_ACCESSED_SINCE_MARK = 8 /* since this page was marked */
};

struct guest_ram {
    uint8_t *memory;
    uint8_t *table; /* an entry for each page: enum guest_entry */
    size_t pages;
    size_t faults; /* pages read back */
    int swap;
};

/* All return 0 or a negative errno. */
int guest_ram_open(struct guest_ram *ram, size_t pages);
void guest_ram_close(struct guest_ram *ram);

/* The guest accesses a page. If the page is in the swap file, it is read back first. *ret_memory is its address. */
int guest_ram_access(struct guest_ram *ram, size_t page, void **ret_memory);

/* Writes a present page to the swap file, and frees its memory. */
int guest_ram_swap_out(struct guest_ram *ram, size_t page);

/* How many bytes of the guest's memory are resident, according to the kernel. */
int guest_ram_resident(const struct guest_ram *ram, size_t *ret_bytes);

#endif
