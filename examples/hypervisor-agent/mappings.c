/* SPDX-License-Identifier: MIT */
#include "mappings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A number that ends with @end. Moves behind it. */
static bool number(const char **at, int base, char end, uint64_t *ret)
{
    char *rest;

    if (**at == ' ' || **at == '-' || **at == '+')
        return false;
    *ret = strtoull(*at, &rest, base);
    if (rest == *at || (*rest != end && !(end == ' ' && !*rest)))
        return false;
    *at = rest + (*rest != '\0');
    return true;
}

/* "7f2e40000000-7f2ec0000000 rw-p 00000000 00:00 0      [heap]" */
static int parse_line(const char *line, struct host_mapping *ret)
{
    struct host_mapping m = {0};
    uint64_t major, minor;

    if (!number(&line, 16, '-', &m.start) || !number(&line, 16, ' ', &m.end) || m.start >= m.end ||
        strcspn(line, " ") != 4)
        return -EINVAL;
    m.readable = line[0] == 'r';
    m.writable = line[1] == 'w';
    m.executable = line[2] == 'x';
    m.shared = line[3] == 's';
    line += 4 + (line[4] == ' ');
    if (!number(&line, 16, ' ', &m.offset) || !number(&line, 16, ':', &major) || !number(&line, 16, ' ', &minor) ||
        !number(&line, 10, ' ', &m.inode))
        return -EINVAL;
    m.path = line + strspn(line, " \t");
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
