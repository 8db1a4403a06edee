/* SPDX-License-Identifier: MIT */
#include "guest_ram.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB    (UINT64_C(1) << 20)
#define LEAST  (4 * MIB)   /* no guest runs with less */
#define MODULE (128 * MIB) /* memory that is plugged while a guest runs comes in multiples of this */
#define RUNS   HOST_RAM_MAX_RANGES

#define FILE_TRIES 16 /* files of which a second piece is looked for: all mappings are searched for each */

/* A mapping that may be memory of the guest. */
struct area {
    uint64_t start;
    uint64_t end;
    const struct host_mapping *mapping;
    enum host_ram_kind kind;
    bool joined;  /* continues the area before it */
    bool guarded; /* what follows cannot be accessed: QEMU puts a page of that kind behind each piece of memory */
    bool taken;
};

struct areas {
    struct area *items;
    size_t n;
};

/* Adjacent areas, from number @first on. */
struct run {
    size_t first, n;
};

static bool begins(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

static enum host_ram_kind kind_of(const struct host_mapping *m)
{
    if (!m->readable || !m->writable || m->executable)
        return HOST_RAM_NONE;
    if (!*m->path || begins(m->path, "[anon:") || begins(m->path, "[anon_shmem:"))
        return HOST_RAM_ANON;
    if (*m->path != '/') /* heap, stack, and what a device has: "anon_inode:[vfio-device]" */
        return HOST_RAM_NONE;
    if (begins(m->path, "/anon_hugepage") || strstr(m->path, "hugepages") || strstr(m->path, "hugetlb"))
        return HOST_RAM_HUGETLB;
    if (begins(m->path, "/memfd:"))
        return HOST_RAM_MEMFD;
    if (begins(m->path, "/dev/shm/") || begins(m->path, "/dev/zero") || begins(m->path, "/SYSV"))
        return HOST_RAM_SHM;
    if (begins(m->path, "/dev/") || begins(m->path, "/sys/") || begins(m->path, "/proc/")) /* a device's memory */
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
    return *path && programs->n && bsearch(&path, programs->paths, programs->n, sizeof(*programs->paths), by_text);
}

static uint64_t size_of(const struct area *area)
{
    return area->end - area->start;
}

static bool continues(const struct host_mapping *before, const struct host_mapping *m)
{
    return before->end == m->start && before->inode == m->inode && before->shared == m->shared &&
           !strcmp(before->path, m->path) && (!m->inode || before->offset + (before->end - before->start) == m->offset);
}

static void find_areas(const struct host_mapping *mappings, size_t n, const struct programs *programs,
                       struct areas *areas)
{
    for (size_t i = 0; i < n; i++) {
        const struct host_mapping *m = &mappings[i], *next = i + 1 < n ? m + 1 : NULL;
        enum host_ram_kind kind = kind_of(m);

        if (kind == HOST_RAM_NONE || is_program(programs, m->path))
            continue;
        areas->items[areas->n] = (struct area){
            .start = m->start,
            .end = m->end,
            .mapping = m,
            .kind = kind,
            .joined = areas->n && areas->items[areas->n - 1].mapping == m - 1 && continues(m - 1, m),
            .guarded = next && next->start == m->end && !next->readable && !next->writable && !next->executable,
        };
        areas->n++;
    }
}

/* --- runs of areas ------------------------------------------------------------------------------------------------ */

/* Finds the runs of a size that nobody has taken and that do not overlap, in one pass. Returns how many there are;
 * @runs has room for RUNS of them. */
static size_t find_runs(const struct areas *areas, const struct host_told_piece *piece, bool guarded, struct run *runs)
{
    size_t first = 0, found = 0;
    uint64_t sum = 0;

    for (size_t i = 0; i < areas->n; i++) {
        const struct area *area = &areas->items[i];

        if (area->taken || !(piece->kinds & HOST_RAM_BIT(area->kind))) {
            first = i + 1;
            sum = 0;
            continue;
        }
        if (!area->joined) {
            first = i;
            sum = 0;
        }
        for (sum += size_of(area); sum > piece->size; first++)
            sum -= size_of(&areas->items[first]);
        if (sum < piece->size || (guarded && !area->guarded))
            continue;
        if (found < RUNS)
            runs[found] = (struct run){first, i + 1 - first};
        found++;
        first = i + 1;
        sum = 0;
    }
    return found;
}

static bool take_range(struct host_ram *ram, uint64_t start, uint64_t end, enum host_ram_kind kind)
{
    size_t at = ram->n;

    if (ram->n == HOST_RAM_MAX_RANGES)
        return false;
    for (; at && ram->ranges[at - 1].start > start; at--) {
        ram->ranges[at] = ram->ranges[at - 1];
        ram->kinds[at] = ram->kinds[at - 1];
    }
    ram->ranges[at] = (struct damon_reclaim_range){start, end};
    ram->kinds[at] = kind;
    ram->n++;
    ram->bytes += end - start;
    ram->kind = ram->n > 1 && ram->kind != kind ? HOST_RAM_MIXED : kind;
    return true;
}

__attribute__((format(printf, 2, 3))) static void doubt(struct host_ram *ram, const char *format, ...)
{
    va_list ap;

    if (*ram->note)
        return;
    va_start(ap, format);
    vsnprintf(ram->note, sizeof(ram->note), format, ap);
    va_end(ap);
}

static void take(struct host_ram *ram, struct areas *areas, const struct run *run)
{
    struct area *first = &areas->items[run->first];

    if (!take_range(ram, first->start, areas->items[run->first + run->n - 1].end, first->kind)) {
        doubt(ram, "it has more than %d ranges; the others are left alone", HOST_RAM_MAX_RANGES);
        return;
    }
    for (size_t i = 0; i < run->n; i++)
        first[i].taken = true;
}

/* --- pieces ------------------------------------------------------------------------------------------------------- */

/* A file's mappings that have each of its bytes once, up to the size of the piece: cloud-hypervisor maps one memfd
 * below and above a hole. */
static bool take_file(const struct host_told_piece *piece, struct areas *areas, struct host_ram *ram)
{
    unsigned int tries = 0;

    for (size_t i = 0; i < areas->n && tries < FILE_TRIES; i++) {
        const struct host_mapping *m = areas->items[i].mapping, *other;
        struct run runs[2] = {{i, 1}, {0, 1}};

        if (areas->items[i].taken || !m->inode || m->offset || size_of(&areas->items[i]) >= piece->size ||
            !(piece->kinds & HOST_RAM_BIT(areas->items[i].kind)) || size_of(&areas->items[i]) < LEAST)
            continue;
        tries++;
        for (size_t k = 0; k < areas->n; k++) {
            other = areas->items[k].mapping;
            if (areas->items[k].taken || other->inode != m->inode || other->offset != size_of(&areas->items[i]) ||
                strcmp(other->path, m->path) != 0 ||
                size_of(&areas->items[i]) + size_of(&areas->items[k]) != piece->size)
                continue;
            runs[1].first = k;
            take(ram, areas, &runs[0]);
            take(ram, areas, &runs[1]);
            return true;
        }
    }
    return false;
}

/* Two pieces, below and above the hole in the guest's addresses that the monitors leave for devices. */
static bool take_split(const struct host_told_piece *piece, struct areas *areas, struct host_ram *ram)
{
    static const uint64_t holes[] = {3072 * MIB, 3328 * MIB, 3008 * MIB};

    for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
        struct host_told_piece below = {.size = holes[i], .kinds = piece->kinds};
        struct host_told_piece above = {.size = piece->size - holes[i], .kinds = piece->kinds};
        struct run low[RUNS], high[RUNS];

        if (piece->size > holes[i] && above.size != below.size && find_runs(areas, &below, false, low) == 1 &&
            find_runs(areas, &above, false, high) == 1) {
            take(ram, areas, low);
            take(ram, areas, high);
            return true;
        }
    }
    return false;
}

/* Pieces of the same size and kinds. */
struct group {
    struct host_told_piece piece;
    size_t n;
    size_t others; /* of them: not the guest's memory */
};

static void take_runs(const struct group *group, struct areas *areas, const struct run *runs, size_t n,
                      struct host_ram *ram)
{
    for (size_t i = 0; i < n; i++) {
        if (!group->others)
            take(ram, areas, &runs[i]);
        for (size_t k = 0; k < runs[i].n; k++)
            areas->items[runs[i].first + k].taken = true;
    }
}

static void doubt_missing(const struct group *group, const struct host_told *told, size_t found, struct host_ram *ram)
{
    unsigned long long mib = group->piece.size >> 20;

    if (group->piece.later || group->others == group->n)
        return;
    if (told->assumed)
        doubt(ram, "its command line has no size, and no mapping has the usual %llu MiB", mib);
    else if (group->n == 1)
        doubt(ram, "no mapping has the %llu MiB of its command line", mib);
    else
        doubt(ram, "only %zu of %zu mappings of %llu MiB are there", found, group->n, mib);
}

/* Returns the bytes of more pieces of the size that were plugged. */
static uint64_t take_group(const struct group *group, const struct host_told *told, uint64_t room, struct areas *areas,
                           struct host_ram *ram)
{
    const struct host_told_piece *piece = &group->piece;
    unsigned long long mib = piece->size >> 20;
    struct run runs[RUNS];
    size_t guarded = find_runs(areas, piece, true, runs), found = guarded;

    if (found != group->n)
        found = find_runs(areas, piece, false, runs);
    if (group->others && group->others < group->n && found) {
        doubt(ram, "a device has memory of %llu MiB, too", mib);
        return 0;
    }
    if (found > group->n) {
        found = find_runs(areas, piece, true, runs);
        if (group->others || found < group->n || found > RUNS || (found - group->n) > room / piece->size) {
            doubt(ram, "more mappings than the guest's memory have %llu MiB", mib);
            return 0;
        }
    }
    take_runs(group, areas, runs, found, ram);
    if (found >= group->n)
        return (found - group->n) * piece->size;
    if (!told->splits || group->n > 1 || !(take_file(piece, areas, ram) || take_split(piece, areas, ram)))
        doubt_missing(group, told, found, ram);
    return 0;
}

/* Memory that was plugged while the guest ran. */
static void take_plugged(uint64_t room, struct areas *areas, struct host_ram *ram)
{
    for (size_t i = 0; i < areas->n; i++) {
        const struct area *area = &areas->items[i];
        uint64_t size = size_of(area);

        if (area->taken || size < MODULE)
            continue;
        if (area->guarded && area->kind != HOST_RAM_FILE && size % MODULE == 0 && size <= room &&
            (!area->joined || size_of(area - 1) < MODULE)) {
            take(ram, areas, &(struct run){i, 1});
            room -= size;
        } else {
            doubt(ram, "a mapping of %llu MiB may be memory that was plugged, or something else",
                  (unsigned long long)(size >> 20));
        }
    }
}

static int by_kinds(const void *a, const void *b)
{
    const struct host_told_piece *x = a, *y = b;
    int bits = __builtin_popcount(x->kinds) - __builtin_popcount(y->kinds);

    if (bits)
        return bits;
    if (x->kinds != y->kinds)
        return x->kinds < y->kinds ? -1 : 1;
    return x->size < y->size ? -1 : x->size > y->size;
}

/* Pieces that may be of few kinds come first, so that those of any kind get what is left. */
static void take_all(const struct host_told *told, struct areas *areas, struct host_ram *ram)
{
    struct host_told_piece pieces[HOST_TOLD_MAX];
    uint64_t room = told->room;

    memcpy(pieces, told->pieces, told->n * sizeof(*pieces));
    qsort(pieces, told->n, sizeof(*pieces), by_kinds);
    for (size_t i = 0; i < told->n;) {
        struct group group = {.piece = pieces[i]};

        for (; i < told->n && !by_kinds(&group.piece, &pieces[i]); i++, group.n++)
            group.others += pieces[i].other;
        if (group.piece.size)
            room -= take_group(&group, told, room, areas, ram);
    }
    if (room)
        take_plugged(room, areas, ram);
}

static bool is_large(const struct areas *areas)
{
    for (size_t i = 0; i < areas->n; i++)
        if (size_of(&areas->items[i]) >= LEAST)
            return true;
    return false;
}

/* A device that was passed through has the memory of the guest pinned. Its registers are mapped. */
static bool has_device(const struct host_mapping *mappings, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (begins(mappings[i].path, "anon_inode:[vfio") || begins(mappings[i].path, "/dev/vfio/"))
            return true;
    return false;
}

int host_guest_ram(const struct host_mapping *mappings, size_t n, const struct host_told *told, struct host_ram *ret)
{
    struct areas areas = {.items = calloc(n ? n : 1, sizeof(*areas.items))};
    struct programs programs = {NULL, 0};
    struct host_ram ram = {.n = 0};
    bool large;

    if (!areas.items || find_programs(mappings, n, &programs) < 0) {
        free(areas.items);
        return -ENOMEM;
    }
    find_areas(mappings, n, &programs, &areas);
    free(programs.paths);
    large = is_large(&areas);
    if (*told->wrong)
        snprintf(ram.note, sizeof(ram.note), "%s", told->wrong);
    else if (!told->n)
        snprintf(ram.note, sizeof(ram.note), "its command line has no size; [vm] memory may say it");
    else
        take_all(told, &areas, &ram);
    free(areas.items);
    if (!large)
        return -ENOENT;
    ram.pinned = told->encrypted || has_device(mappings, n);
    *ret = ram;
    return 0;
}

void host_ram_drop(struct host_ram *ram, const bool drop[HOST_RAM_MAX_RANGES])
{
    struct host_ram kept = {.n = 0};

    for (size_t i = 0; i < ram->n; i++)
        if (!drop[i])
            take_range(&kept, ram->ranges[i].start, ram->ranges[i].end, ram->kinds[i]);
    memcpy(kept.note, ram->note, sizeof(kept.note));
    kept.pinned = ram->pinned;
    *ram = kept;
}

bool host_ram_same(const struct host_ram *a, const struct host_ram *b)
{
    return a->n == b->n && a->pinned == b->pinned && !strcmp(a->note, b->note) &&
           !memcmp(a->ranges, b->ranges, a->n * sizeof(*a->ranges));
}

const char *host_ram_kind_name(enum host_ram_kind kind)
{
    static const char *const names[] = {"none", "anon", "memfd", "shm", "hugetlb", "file", "mixed"};

    return names[kind];
}
