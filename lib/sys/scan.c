/* SPDX-License-Identifier: MIT */
#include "sys/scan.h"

#include <string.h>

static unsigned int digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned int)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned int)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned int)(c - 'A') + 10;
    return UINT32_MAX;
}

bool drcl_scan_u64(struct drcl_scan *scan, unsigned int base, uint64_t *ret)
{
    const char *at = scan->at;
    uint64_t value = 0;

    for (; at < scan->end && digit(*at) < base; at++) {
        unsigned int d = digit(*at);

        if (value > (UINT64_MAX - d) / base)
            return false;
        value = value * base + d;
    }
    if (at == scan->at)
        return false;
    scan->at = at;
    *ret = value;
    return true;
}

bool drcl_scan_char(struct drcl_scan *scan, char c)
{
    if (scan->at >= scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

void drcl_scan_blanks(struct drcl_scan *scan)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t'))
        scan->at++;
}

bool drcl_scan_line(struct drcl_scan *scan, struct drcl_scan *ret_line)
{
    const char *newline;

    if (scan->at >= scan->end)
        return false;
    newline = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));
    ret_line->at = scan->at;
    ret_line->end = newline ? newline : scan->end;
    scan->at = newline ? newline + 1 : scan->end;
    return true;
}

bool drcl_scan_word(struct drcl_scan *scan, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(scan->end - scan->at) < n || memcmp(scan->at, word, n) != 0)
        return false;
    scan->at += n;
    return true;
}
