/* SPDX-License-Identifier: MIT */
#include "guest_ram.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int swap_file(void)
{
    char name[] = "/var/tmp/guest-swap-XXXXXX";
    int fd = mkostemp(name, O_CLOEXEC);

    if (fd < 0)
        return -errno;
    unlink(name);
    return fd;
}

int guest_ram_open(struct guest_ram *ram, size_t pages)
{
    void *memory = mmap(NULL, pages * GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    *ram = (struct guest_ram){.pages = pages, .swap = -1};
    if (memory == MAP_FAILED)
        return -errno;
    madvise(memory, pages * GUEST_PAGE, MADV_NOHUGEPAGE); /* so that single pages can be freed */
    ram->memory = memory;
    ram->table = calloc(pages, 1);
    ram->swap = ram->table ? swap_file() : -ENOMEM;
    if (ram->swap < 0) {
        int r = ram->swap;

        guest_ram_close(ram);
        return r;
    }
    return 0;
}

void guest_ram_close(struct guest_ram *ram)
{
    if (ram->swap >= 0)
        close(ram->swap);
    free(ram->table);
    munmap(ram->memory, ram->pages * GUEST_PAGE);
}

int guest_ram_access(struct guest_ram *ram, size_t page, void **ret_memory)
{
    uint8_t *memory = ram->memory + page * GUEST_PAGE, *entry = &ram->table[page];

    if (*entry & GUEST_SWAPPED) {
        ssize_t n = pread(ram->swap, memory, GUEST_PAGE, (off_t)(page * GUEST_PAGE));

        if (n != GUEST_PAGE)
            return n < 0 ? -errno : -EIO;
        ram->faults++;
        *entry = 0;
    }
    *entry |= GUEST_PRESENT | GUEST_ACCESSED | GUEST_ACCESSED_SINCE_MARK;
    *ret_memory = memory;
    return 0;
}

int guest_ram_swap_out(struct guest_ram *ram, size_t page)
{
    uint8_t *memory = ram->memory + page * GUEST_PAGE;
    ssize_t n = pwrite(ram->swap, memory, GUEST_PAGE, (off_t)(page * GUEST_PAGE));

    if (n != GUEST_PAGE)
        return n < 0 ? -errno : -ENOSPC;
    if (madvise(memory, GUEST_PAGE, MADV_DONTNEED) < 0)
        return -errno;
    ram->table[page] = GUEST_SWAPPED;
    return 0;
}

int guest_ram_resident(const struct guest_ram *ram, size_t *ret_bytes)
{
    unsigned char *there = malloc(ram->pages);
    size_t bytes = 0;

    if (!there || mincore(ram->memory, ram->pages * GUEST_PAGE, there) < 0) {
        free(there);
        return -ENOMEM;
    }
    for (size_t i = 0; i < ram->pages; i++)
        bytes += there[i] & 1 ? GUEST_PAGE : 0;
    free(there);
    *ret_bytes = bytes;
    return 0;
}
