/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery.h"

static bool holds_name(const struct host_found *found)
{
    return found->known && !strcmp(found->name, found->own[0]);
}

static int by_rank(const void *a, const void *b)
{
    const struct host_found *x = *(const struct host_found *const *)a, *y = *(const struct host_found *const *)b;

    if (x->method != y->method)
        return x->method < y->method ? -1 : 1;
    if (x->trusted != y->trusted)
        return x->trusted ? -1 : 1;
    if (holds_name(x) != holds_name(y))
        return holds_name(x) ? -1 : 1;
    if (x->known != y->known)
        return x->known ? -1 : 1;
    if (x->start_time != y->start_time)
        return x->start_time < y->start_time ? -1 : 1;
    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

void host_sort_by_rank(struct host_found **items, size_t n)
{
    if (n)
        qsort(items, n, sizeof(*items), by_rank);
}

/* The names that are taken: a table with open addresses. Whoever starts machines chooses their names. */
struct taken {
    const char **names;
    size_t mask;
};

/* Returns false if it is taken already. */
static bool take(struct taken *taken, const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    size_t at;

    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    for (at = hash & taken->mask; taken->names[at]; at = (at + 1) & taken->mask)
        if (!strcmp(taken->names[at], name))
            return false;
    taken->names[at] = name;
    return true;
}

/* Appends the pid to the name, and from the second attempt on also a number. */
static void add_suffix(char name[HOST_NAME_SIZE], pid_t pid, unsigned int attempt)
{
    char suffix[32];
    size_t len = strlen(name);
    int n = snprintf(suffix, sizeof(suffix), attempt > 1 ? "-%d.%u" : "-%d", (int)pid, attempt);

    if (len + (size_t)n >= HOST_NAME_SIZE)
        len = HOST_NAME_SIZE - 1 - (size_t)n;
    memcpy(name + len, suffix, (size_t)n + 1);
    host_make_printable(name); /* a character may have been truncated */
}

int host_make_names_unique(struct host_found_list *list)
{
    struct host_found **ranked = calloc(list->n + 1, sizeof(struct host_found *));
    struct taken taken = {.mask = 15};

    while (taken.mask < 2 * list->n)
        taken.mask = 2 * taken.mask + 1;
    taken.names = calloc(taken.mask + 1, sizeof(char *));
    if (!ranked || !taken.names) {
        free(ranked);
        free(taken.names);
        return -ENOMEM;
    }
    for (size_t i = 0; i < list->n; i++)
        ranked[i] = &list->items[i];
    host_sort_by_rank(ranked, list->n);
    for (size_t i = 0; i < list->n; i++) {
        struct host_found *found = ranked[i];

        memcpy(found->name, found->own[0], sizeof(found->name));
        for (unsigned int attempt = 1; !take(&taken, found->name); attempt++) {
            memcpy(found->name, found->own[0], sizeof(found->name));
            add_suffix(found->name, found->pid, attempt);
        }
    }
    free(ranked);
    free(taken.names);
    return 0;
}
