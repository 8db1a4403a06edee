/* SPDX-License-Identifier: MIT */
#include "fake_memory.h"

#include <stdlib.h>

#include "fake.h"

#define LRU_FILE (DRCL_KPF_LRU | DRCL_KPF_MMAP)
#define LRU_ANON (LRU_FILE | DRCL_KPF_ANON | DRCL_KPF_SWAPBACKED)

/* Of a page that is in the swap cache and written. */
#define SWAPPED (DRCL_KPF_LRU | DRCL_KPF_ANON | DRCL_KPF_SWAPBACKED | DRCL_KPF_SWAPCACHE)

struct fake_process *fake_process(struct fake *f, pid_t pid)
{
    struct fake_process *p = &f->processes[f->nr_processes++];

    ck_assert_uint_le(f->nr_processes, FAKE_PROCESSES);
    p->pid = pid;
    return p;
}

struct fake_process *fake_process_of(struct fake *f, pid_t pid)
{
    for (size_t i = 0; i < f->nr_processes; i++)
        if (f->processes[i].pid == pid && !f->processes[i].exited)
            return &f->processes[i];
    return NULL;
}

struct fake_area *fake_area_of(struct fake_process *p, uint64_t addr)
{
    for (size_t i = 0; i < p->nr_areas; i++)
        if (addr >= p->areas[i].start && addr - p->areas[i].start < p->areas[i].pages * PAGE)
            return &p->areas[i];
    return NULL;
}

uint64_t *fake_entry_at(struct fake_process *p, uint64_t addr)
{
    struct fake_area *area = fake_area_of(p, addr);

    return area ? &area->entries[(addr - area->start) / PAGE] : NULL;
}

uint64_t *fake_entry(struct fake_process *p, uint64_t addr)
{
    uint64_t *entry = fake_entry_at(p, addr);

    if (!entry)
        ck_abort_msg("%#llx is not mapped", (unsigned long long)addr);
    return entry;
}

size_t fake_head_of(const struct fake *f, uint64_t pfn)
{
    while (f->frames[pfn].flags & DRCL_KPF_COMPOUND_TAIL)
        pfn--;
    return pfn;
}

struct fake_frame *fake_head(struct fake *f, struct fake_process *p, uint64_t addr)
{
    return &f->frames[fake_head_of(f, *fake_entry(p, addr) & DRCL_PAGEMAP_PFN)];
}

uint64_t fake_physical(struct fake_process *p, uint64_t addr)
{
    return (*fake_entry(p, addr) & DRCL_PAGEMAP_PFN) * PAGE;
}

size_t fake_pages_of(const struct fake *f, size_t head)
{
    size_t n = 1;

    while (head + n < FAKE_FRAMES && (f->frames[head + n].flags & DRCL_KPF_COMPOUND_TAIL))
        n++;
    return n;
}

static size_t take_frames(struct fake *f, size_t n, size_t align)
{
    size_t first = (f->next_frame + align - 1) / align * align;

    if (first + n > FAKE_FRAMES)
        ck_abort_msg("out of frames");
    f->next_frame = first + n;
    return first;
}

static void fill_small(struct fake *f, struct fake_area *area, size_t stride, uint32_t flags, uint64_t bits)
{
    size_t first = take_frames(f, area->pages * stride, 64);

    for (size_t i = 0; i < area->pages; i++) {
        size_t pfn = first + (area->pages - 1 - i) * stride;

        f->frames[pfn].flags = flags;
        area->entries[i] = DRCL_PAGEMAP_PRESENT | DRCL_PAGEMAP_EXCLUSIVE | bits | pfn;
    }
}

static void fill_large(struct fake *f, struct fake_area *area, size_t size, uint32_t flags)
{
    ck_assert_uint_eq(area->pages % size, 0);
    for (size_t i = 0; i < area->pages; i++) {
        size_t pfn = i % size ? (area->entries[i - 1] & DRCL_PAGEMAP_PFN) + 1 : take_frames(f, size, size);

        f->frames[pfn].flags = i % size ? DRCL_KPF_COMPOUND_TAIL : DRCL_KPF_COMPOUND_HEAD | flags;
        area->entries[i] = DRCL_PAGEMAP_PRESENT | DRCL_PAGEMAP_EXCLUSIVE | pfn;
    }
}

struct fake_area *fake_map(struct fake *f, struct fake_process *p, uint64_t start, size_t pages, enum fake_kind kind)
{
    struct fake_area *area = &p->areas[p->nr_areas++];

    if (p->nr_areas > FAKE_AREAS)
        ck_abort_msg("out of areas");
    *area = (struct fake_area){.start = start, .pages = pages, .entries = calloc(pages, sizeof(uint64_t))};
    ck_assert_ptr_nonnull(area->entries);
    if (kind == FAKE_SMALL)
        fill_small(f, area, 1, LRU_ANON, 0);
    else if (kind == FAKE_SPREAD)
        fill_small(f, area, 67, LRU_ANON, 0);
    else if (kind == FAKE_FILE)
        fill_small(f, area, 1, LRU_FILE, DRCL_PAGEMAP_FILE);
    else if (kind == FAKE_HUGE)
        fill_large(f, area, 512, LRU_ANON | DRCL_KPF_THP);
    else if (kind == FAKE_MEDIUM)
        fill_large(f, area, 16, LRU_ANON);
    else if (kind == FAKE_HUGETLB)
        fill_large(f, area, 512, DRCL_KPF_HUGE);
    for (size_t i = 0; kind == FAKE_ZERO && i < pages; i++)
        area->entries[i] = DRCL_PAGEMAP_PRESENT | FAKE_ZERO_FRAME;
    return area;
}

void fake_touch(struct fake *f, struct fake_process *p, uint64_t addr)
{
    uint64_t *entry = fake_entry(p, addr);
    size_t pfn;

    if (!(*entry & DRCL_PAGEMAP_PRESENT)) {
        pfn = take_frames(f, 1, 1);
        f->frames[pfn].flags = LRU_ANON;
        *entry = DRCL_PAGEMAP_PRESENT | DRCL_PAGEMAP_EXCLUSIVE | pfn;
    }
    fake_head(f, p, addr)->accessed = true;
}

void fake_flag(struct fake *f, struct fake_process *p, uint64_t addr, size_t pages, uint32_t flags)
{
    for (size_t i = 0; i < pages; i++)
        f->frames[*fake_entry(p, addr + i * PAGE) & DRCL_PAGEMAP_PFN].flags |= flags;
}

void fake_charge(struct fake *f, struct fake_process *p, uint64_t addr, size_t pages, uint64_t memcg)
{
    for (size_t i = 0; i < pages; i++)
        fake_head(f, p, addr + i * PAGE)->memcg = memcg;
}

void fake_share(struct fake_process *p, uint64_t addr, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        *fake_entry(p, addr + i * PAGE) &= ~DRCL_PAGEMAP_EXCLUSIVE;
}

size_t fake_cache(struct fake *f, size_t pages, uint64_t memcg)
{
    size_t first = take_frames(f, pages, 1);

    for (size_t i = first; i < first + pages; i++)
        f->frames[i] = (struct fake_frame){.flags = DRCL_KPF_LRU, .memcg = memcg};
    return first;
}

size_t fake_cached(const struct fake *f, size_t first, size_t pages)
{
    size_t n = 0;

    for (size_t i = first; i < first + pages; i++)
        n += (f->frames[i].flags & DRCL_KPF_LRU) != 0;
    return n;
}

void fake_goes(struct fake *f, size_t pfn, bool swapped)
{
    if (swapped)
        f->frames[pfn].swapped = true;
    else
        f->frames[pfn].gone = true;
    if (f->going_end == 0 || pfn < f->going_start)
        f->going_start = pfn;
    if (pfn >= f->going_end)
        f->going_end = pfn + 1;
}

void fake_free_gone(struct fake *f)
{
    for (size_t i = f->going_start; i < f->going_end; i++) {
        struct fake_frame *frame = &f->frames[i];

        if (frame->swapped) {
            frame->memcg = f->frames[fake_head_of(f, i)].memcg;
            frame->flags = SWAPPED | (f->unwritten ? DRCL_KPF_DIRTY : DRCL_KPF_WRITEBACK);
            frame->swapped = false;
        }
        if (frame->gone)
            *frame = (struct fake_frame){.flags = DRCL_KPF_BUDDY};
    }
    f->going_start = f->going_end = 0;
}

size_t fake_resident(struct fake_process *p, uint64_t addr, size_t pages)
{
    size_t n = 0;

    for (size_t i = 0; i < pages; i++)
        n += (*fake_entry(p, addr + i * PAGE) & DRCL_PAGEMAP_PRESENT) != 0;
    return n;
}

void fake_unmap_all(struct fake_process *p)
{
    for (size_t i = 0; i < p->nr_areas; i++)
        free(p->areas[i].entries);
    p->nr_areas = 0;
}

void fake_exec(struct fake_process *p)
{
    fake_unmap_all(p);
    p->generation++;
}

/* --- swap on a disk ----------------------------------------------------------------------------------------------- */

static bool is_swapcached(const struct fake_frame *frame, uint64_t memcg)
{
    return (frame->flags & DRCL_KPF_SWAPCACHE) && !(frame->flags & DRCL_KPF_MMAP) && (!memcg || frame->memcg == memcg);
}

void fake_disk_written(struct fake *f)
{
    for (size_t i = 0; i < FAKE_FRAMES; i++)
        if (is_swapcached(&f->frames[i], 0))
            f->frames[i].flags &= ~(DRCL_KPF_WRITEBACK | DRCL_KPF_DIRTY);
}

void fake_swap_in(struct fake *f, struct fake_process *p, uint64_t addr, size_t frame)
{
    f->frames[frame].flags = LRU_ANON | DRCL_KPF_SWAPCACHE;
    *fake_entry(p, addr) = DRCL_PAGEMAP_PRESENT | DRCL_PAGEMAP_EXCLUSIVE | frame;
}

uint64_t fake_swapcached(const struct fake *f, uint64_t memcg)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < FAKE_FRAMES; i++)
        bytes += is_swapcached(&f->frames[i], memcg) ? PAGE : 0;
    return bytes;
}

uint64_t fake_free_swapcached(struct fake *f, uint64_t memcg, uint64_t bytes)
{
    for (size_t i = 0; i < FAKE_FRAMES && bytes; i++) {
        if (!is_swapcached(&f->frames[i], memcg) || (f->frames[i].flags & (DRCL_KPF_WRITEBACK | DRCL_KPF_DIRTY)))
            continue;
        fake_goes(f, i, false);
        bytes -= PAGE;
        f->now_ns += f->page_ns;
    }
    fake_free_gone(f);
    return bytes;
}
