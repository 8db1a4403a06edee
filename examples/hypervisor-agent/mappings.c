/* SPDX-License-Identifier: MIT */
#include "mappings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "7f2e40000000-7f2ec0000000 rw-p 00000000 00:00 0      [heap]" */
static int parse_line(const char *line, struct host_mapping *ret)
{
    struct host_mapping m = {0};
    char flags[5];
    int at = 0;

    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*x:%*x %" SCNu64 "%n", &m.start, &m.end, flags,
               &m.offset, &m.inode, &at) != 5)
        return -EINVAL;
    if (m.start >= m.end || strlen(flags) != 4)
        return -EINVAL;
    m.readable = flags[0] == 'r';
    m.writable = flags[1] == 'w';
    m.executable = flags[2] == 'x';
    m.shared = flags[3] == 's';
    m.path = line + at + strspn(line + at, " \t");
    *ret = m;
    return 0;
}

static size_t count_lines(const char *text)
{
    size_t n = 1;

    while ((text = strchr(text, '\n')) != NULL) {
        n++;
        text++;
    }
    return n;
}

int host_parse_mappings(char *text, struct host_mapping **ret_list, size_t *ret_n)
{
    struct host_mapping *list = calloc(count_lines(text), sizeof(*list));
    char *line, *next = text;
    size_t n = 0;

    if (!list)
        return -ENOMEM;
    while ((line = strsep(&next, "\n")) != NULL) {
        int r = *line ? parse_line(line, &list[n]) : 0;

        if (r < 0) {
            free(list);
            return r;
        }
        n += *line != '\0';
    }
    *ret_list = list;
    *ret_n = n;
    return 0;
}
