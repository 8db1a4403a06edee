/* SPDX-License-Identifier: MIT */
#include "swap.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc.h"

#define LEAST_KIB 4096
#define PART      100 /* swap is full when less than one part in so many is free */

enum host_swap host_read_swap(const char *root)
{
    const char *total_line, *free_line;
    uint64_t total, left;
    char *text;
    enum host_swap swap = HOST_SWAP_UNKNOWN;

    if (host_read_file(root, "/proc/meminfo", &text, NULL) < 0)
        return swap;
    total_line = strstr(text, "SwapTotal:");
    free_line = strstr(text, "SwapFree:");
    if (total_line && free_line && sscanf(total_line, "SwapTotal: %" SCNu64, &total) == 1 &&
        sscanf(free_line, "SwapFree: %" SCNu64, &left) == 1)
        swap = !total ? HOST_SWAP_NONE : left < total / PART || left < LEAST_KIB ? HOST_SWAP_FULL : HOST_SWAP_HAS_ROOM;
    free(text);
    return swap;
}

const char *host_swap_text(enum host_swap swap)
{
    return swap == HOST_SWAP_NONE
               ? "this host has no swap, so memory of guests that is not a file's cannot be reclaimed: "
                 "add swap, for instance zram"
           : swap == HOST_SWAP_FULL
               ? "swap is full, so memory of guests that is not a file's cannot be reclaimed: add swap"
               : "";
}
