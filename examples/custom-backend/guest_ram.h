/* SPDX-License-Identifier: MIT */
/*
 * What a virtual machine monitor or an emulator has anyway: the memory of its guest, and a page table through which the
 * guest reaches it. A page is either in memory or in a swap file of the monitor's own.
 */
#ifndef GUEST_RAM_H
#define GUEST_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_PAGE 4096u

/* Bits of a page table entry. Every access sets both accessed bits; each has a reader of its own, who clears it. */
enum guest_entry {
    GUEST_PRESENT = 1,
    GUEST_SWAPPED = 2,
    GUEST_ACCESSED = 4,           /* since the monitor last looked at this page */
    GUEST_ACCESSED_SINCE_MARK = 8 /* since the page became a candidate */
};

struct guest_ram {
    uint8_t *memory;
    uint8_t *table; /* one entry a page: enum guest_entry */
    size_t pages;
    size_t faults; /* pages read back */
    int swap;
};

/* All return 0 or a negative errno. */
int guest_ram_open(struct guest_ram *ram, size_t pages);
void guest_ram_close(struct guest_ram *ram);

/* An access of the guest: where the page is in memory, to which it is brought if need be. */
int guest_ram_access(struct guest_ram *ram, size_t page, void **ret_memory);

/* Writes a page that is present to the swap file and gives its memory back to the kernel. */
int guest_ram_swap_out(struct guest_ram *ram, size_t page);

/* What the kernel says of how much memory is really there, in bytes. */
int guest_ram_resident(const struct guest_ram *ram, size_t *ret_bytes);

#endif
