/* SPDX-License-Identifier: MIT */
#include "free_blocks.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/files.h"

/* Pages in the blocks below the order. @text: the numbers of blocks of the orders 0, 1, ... The kernel writes ">100000"
 * where it has stopped counting. */
static uint64_t small_pages(const char *text, unsigned int order)
{
    uint64_t pages = 0;

    for (unsigned int i = 0; i < order && i < 64; i++) {
        char *end;
        unsigned long blocks;

        text += strspn(text, " >");
        blocks = strtoul(text, &end, 10);
        if (end == text)
            break;
        pages += (uint64_t)blocks << i;
        text = end;
    }
    return pages;
}

/* The numbers of a line, NULL if it is about something else. */
static const char *numbers(const char *line, bool movable)
{
    char zone[64], type[64];
    int node, end = 0;

    if (!movable)
        return sscanf(line, "Node %d, zone %63s %n", &node, zone, &end) == 2 && end ? line + end : NULL;
    if (sscanf(line, "Node %d, zone %63[^,], type %63s %n", &node, zone, type, &end) != 3 || !end)
        return NULL;
    return !strcmp(type, "Movable") || !strcmp(type, "CMA") ? line + end : NULL;
}

int free_blocks_small(const char *root, unsigned int order, bool movable, uint64_t *ret)
{
    char path[PATH_MAX], *text, *rest = NULL;
    uint64_t pages = 0;
    bool found = false;
    int r;

    snprintf(path, sizeof(path), "%s/proc/%s", root, movable ? "pagetypeinfo" : "buddyinfo");
    r = file_read(path, &text, NULL);
    if (r < 0)
        return r;
    for (const char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *blocks = numbers(line, movable);

        if (blocks) {
            pages += small_pages(blocks, order);
            found = true;
        }
    }
    free(text);
    if (!found)
        return -ENODATA;
    *ret = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return 0;
}

uint32_t free_blocks_pressure(const char *root)
{
    unsigned int whole = 0, hundredths = 0;
    char path[PATH_MAX], *text;

    snprintf(path, sizeof(path), "%s/proc/pressure/memory", root);
    if (file_read(path, &text, NULL) < 0)
        return 0;
    if (sscanf(text, "some avg10=%3u.%2u", &whole, &hundredths) != 2)
        whole = hundredths = 0;
    free(text);
    return whole * 100 + hundredths;
}
