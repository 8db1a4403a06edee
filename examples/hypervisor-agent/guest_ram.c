/* SPDX-License-Identifier: MIT */
#include "guest_ram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MIB        (UINT64_C(1) << 20)
#define LEAST      (4 * MIB)   /* no guest runs with less */
#define CERTAIN    (256 * MIB) /* nothing else of a monitor is that large */
#define SAME_PART  4           /* an anonymous piece is taken from this part of the largest on, */
#define NAMED_PART 64          /* one of a kind that has a name from this part on */

/* Mappings that lie side by side and are of the same stuff. */
struct piece {
    uint64_t start;
    uint64_t end;
    enum host_ram_kind kind;
};

static bool begins(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

static enum host_ram_kind kind_of(const struct host_mapping *m)
{
    if (!m->readable || !m->writable)
        return HOST_RAM_NONE;
    if (!*m->path || begins(m->path, "[anon:") || begins(m->path, "[anon_shmem:"))
        return HOST_RAM_ANON;
    if (*m->path == '[') /* heap, stack and the like */
        return HOST_RAM_NONE;
    if (begins(m->path, "/anon_hugepage") || strstr(m->path, "hugepages") || strstr(m->path, "hugetlb"))
        return HOST_RAM_HUGETLB;
    if (begins(m->path, "/memfd:"))
        return HOST_RAM_MEMFD;
    if (begins(m->path, "/dev/shm/") || begins(m->path, "/dev/zero") || begins(m->path, "/SYSV"))
        return HOST_RAM_SHM;
    if (begins(m->path, "/dev/")) /* a device's memory */
        return HOST_RAM_NONE;
    return HOST_RAM_FILE;
}

/* The files that are mapped to be executed, sorted. */
struct programs {
    const char **paths;
    size_t n;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int find_programs(const struct host_mapping *mappings, size_t n, struct programs *ret)
{
    *ret = (struct programs){.paths = calloc(n ? n : 1, sizeof(*ret->paths))};
    if (!ret->paths)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (mappings[i].executable && *mappings[i].path)
            ret->paths[ret->n++] = mappings[i].path;
    qsort(ret->paths, ret->n, sizeof(*ret->paths), by_text);
    return 0;
}

/* The data of a program or a library, which is mapped to be executed as well. */
static bool is_program(const struct programs *programs, const char *path)
{
    return programs->n && bsearch(&path, programs->paths, programs->n, sizeof(*programs->paths), by_text);
}

static uint64_t size_of(const struct piece *p)
{
    return p->end - p->start;
}

static bool continues(const struct host_mapping *before, const struct host_mapping *m)
{
    return before->end == m->start && before->inode == m->inode && !strcmp(before->path, m->path) &&
           (!m->inode || before->offset + (before->end - before->start) == m->offset);
}

static size_t make_pieces(const struct host_mapping *mappings, size_t n, const struct programs *programs,
                          struct piece *pieces)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        enum host_ram_kind kind = kind_of(&mappings[i]);

        if (kind == HOST_RAM_NONE || (kind == HOST_RAM_FILE && is_program(programs, mappings[i].path)))
            continue;
        if (count && i && pieces[count - 1].end == mappings[i].start && pieces[count - 1].kind == kind &&
            continues(&mappings[i - 1], &mappings[i])) {
            pieces[count - 1].end = mappings[i].end;
            continue;
        }
        pieces[count++] = (struct piece){mappings[i].start, mappings[i].end, kind};
    }
    return count;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = size_of(a), y = size_of(b);

    return x < y ? 1 : x > y ? -1 : 0;
}

static int by_start(const void *a, const void *b)
{
    const struct damon_reclaim_range *x = a, *y = b;

    return x->start < y->start ? -1 : x->start > y->start;
}

static bool take(struct host_ram *ram, const struct piece *p)
{
    if (ram->n == HOST_RAM_MAX_RANGES)
        return false;
    ram->ranges[ram->n++] = (struct damon_reclaim_range){p->start, p->end};
    ram->bytes += size_of(p);
    return true;
}

/* A piece of just the size, else pieces of one kind, from the largest on, that add up to it. @pieces: from the largest
 * on. */
static bool take_as_told(const struct piece *pieces, size_t n, uint64_t told, struct host_ram *ram)
{
    for (size_t i = 0; i < n; i++) {
        if (size_of(&pieces[i]) == told) {
            ram->kind = pieces[i].kind;
            return take(ram, &pieces[i]);
        }
    }
    for (enum host_ram_kind kind = HOST_RAM_ANON; kind <= HOST_RAM_FILE; kind++) {
        *ram = (struct host_ram){.kind = kind};
        for (size_t i = 0; i < n && ram->bytes < told; i++)
            if (pieces[i].kind == kind && size_of(&pieces[i]) <= told - ram->bytes && size_of(&pieces[i]) >= LEAST &&
                !take(ram, &pieces[i]))
                break;
        if (ram->bytes == told)
            return true;
    }
    return false;
}

/* The largest, and those of its kind that are too large for anything else. */
static void take_largest(const struct piece *pieces, size_t n, struct host_ram *ram)
{
    uint64_t part = size_of(&pieces[0]) / (pieces[0].kind == HOST_RAM_ANON ? SAME_PART : NAMED_PART);
    uint64_t least = part > CERTAIN ? CERTAIN : part > LEAST ? part : LEAST;

    *ram = (struct host_ram){.kind = pieces[0].kind};
    for (size_t i = 0; i < n && size_of(&pieces[i]) >= least; i++)
        if (pieces[i].kind == ram->kind && !take(ram, &pieces[i]))
            return;
}

int host_guest_ram(const struct host_mapping *mappings, size_t n, uint64_t told, struct host_ram *ret)
{
    struct piece *pieces = calloc(n ? n : 1, sizeof(*pieces));
    struct programs programs = {NULL, 0};
    struct host_ram ram = {0};
    size_t count;

    if (!pieces || find_programs(mappings, n, &programs) < 0) {
        free(pieces);
        return -ENOMEM;
    }
    count = make_pieces(mappings, n, &programs, pieces);
    free(programs.paths);
    qsort(pieces, count, sizeof(*pieces), by_size);
    if (!count || size_of(&pieces[0]) < LEAST) {
        free(pieces);
        return -ENOENT;
    }
    if (told && take_as_told(pieces, count, told, &ram))
        ram.as_told = true;
    else
        take_largest(pieces, count, &ram);
    free(pieces);
    qsort(ram.ranges, ram.n, sizeof(*ram.ranges), by_start);
    *ret = ram;
    return 0;
}

bool host_ram_same(const struct host_ram *a, const struct host_ram *b)
{
    return a->n == b->n && !memcmp(a->ranges, b->ranges, a->n * sizeof(*a->ranges));
}

const char *host_ram_kind_name(enum host_ram_kind kind)
{
    static const char *const names[] = {"none", "anon", "memfd", "shm", "hugetlb", "file"};

    return names[kind];
}
