/* SPDX-License-Identifier: MIT */
#include "log_limit.h"

#include <stdio.h>

#define MINUTE UINT64_C(60000000000)
#define KINDS  64 /* that are remembered; a new one takes the place of the one that began first */

static struct kind {
    uint64_t kind;
    uint64_t began_ns; /* its minute; 0: not in use */
    unsigned int lines, left_out;
    char example[64];
} kinds[KINDS];

uint64_t log_limit_kind(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (; *text; text++)
        if (*text < '0' || *text > '9')
            hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

static struct kind *find(uint64_t kind)
{
    struct kind *oldest = kinds;

    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].began_ns && kinds[i].kind == kind)
            return &kinds[i];
        if (kinds[i].began_ns < oldest->began_ns)
            oldest = &kinds[i];
    }
    *oldest = (struct kind){.kind = kind};
    return oldest;
}

bool log_limit_take(uint64_t kind, uint64_t now_ns, const char *example, unsigned int *ret_left_out)
{
    struct kind *k = find(kind);

    *ret_left_out = 0;
    if (!k->began_ns || now_ns - k->began_ns >= MINUTE) {
        *ret_left_out = k->left_out;
        k->began_ns = now_ns;
        k->lines = k->left_out = 0;
    }
    if (k->lines < LOG_LIMIT_LINES) {
        k->lines++;
        return true;
    }
    if (!k->left_out++)
        snprintf(k->example, sizeof(k->example), "%s", example);
    return false;
}

unsigned int log_limit_left_out(uint64_t now_ns, bool all, const char **ret_example)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct kind *k = &kinds[i];
        unsigned int left_out = k->left_out;

        if (!left_out || (!all && now_ns - k->began_ns < MINUTE))
            continue;
        k->left_out = 0;
        *ret_example = k->example;
        return left_out;
    }
    return 0;
}
