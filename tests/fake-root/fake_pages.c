/* SPDX-License-Identifier: MIT */
#include "fake_pages.h"

#include <errno.h>
#include <string.h>

#include "fake.h"

/* --- files of 8-byte records ------------------------------------------------------------------------------------- */

uint64_t fake_record_at(struct fake *f, struct fake_fd *fd, uint64_t i)
{
    uint64_t *entry, word = 0;

    switch (fd->kind) {
    case FILE_OWN_PAGEMAP:
        return DRCL_PAGEMAP_PRESENT | (f->hide_frames ? 0 : 77);
    case FILE_PAGEMAP:
        entry = fake_entry_at(fd->process, i * PAGE);
        return !entry ? 0 : f->hide_frames ? *entry & ~DRCL_PAGEMAP_PFN : *entry;
    case FILE_KPAGEFLAGS:
        return i == FAKE_ZERO_FRAME ? DRCL_KPF_ZERO_PAGE : f->frames[i].flags;
    case FILE_KPAGECGROUP:
        return f->frames[fake_head_of(f, i)].memcg;
    default:
        break;
    }
    for (uint64_t pfn = i * 64; pfn < (i + 1) * 64; pfn++) {
        struct fake_frame *frame = &f->frames[pfn];

        if (!(frame->flags & DRCL_KPF_LRU) || (frame->flags & DRCL_KPF_COMPOUND_TAIL) || !frame->idle)
            continue;
        if (frame->accessed)
            frame->idle = false;
        else
            word |= UINT64_C(1) << (pfn & 63);
    }
    return word;
}

uint64_t fake_nr_records(const struct fake_fd *fd)
{
    if (fd->kind == FILE_BITMAP)
        return FAKE_FRAMES / 64;
    if (fd->kind == FILE_KPAGEFLAGS || fd->kind == FILE_KPAGECGROUP)
        return FAKE_FRAMES;
    if (fd->kind == FILE_PAGEMAP && (fd->process->exited || fd->generation != fd->process->generation))
        return 0;
    return UINT64_C(1) << 35; /* of 47 bits of addresses */
}

ssize_t fake_write_bitmap(struct fake *f, const void *buf, size_t len, uint64_t offset)
{
    size_t done = 0;

    f->nr_idle_write++;
    if (offset % 8 || len % 8)
        return -EINVAL;
    if (offset / 8 >= FAKE_FRAMES / 64)
        return -ENXIO;
    for (; done < len && (offset + done) / 8 < FAKE_FRAMES / 64; done += 8) {
        uint64_t word;

        memcpy(&word, (const char *)buf + done, 8);
        for (uint64_t bit = 0; bit < 64; bit++) {
            struct fake_frame *frame = &f->frames[(offset + done) * 8 + bit];

            if (!(word >> bit & 1) || !(frame->flags & DRCL_KPF_LRU) || (frame->flags & DRCL_KPF_COMPOUND_TAIL))
                continue;
            frame->idle = true;
            frame->accessed = false;
        }
    }
    return (ssize_t)done;
}

/* PAGEMAP_SCAN for present pages, one region. */
int fake_sys_scan_present(void *data, int fd, uint64_t start, uint64_t end, struct damon_reclaim_range *ret_range)
{
    struct fake *f = data;
    struct fake_fd *file = fake_fd_at(f, fd);
    uint64_t addr;
    int r = fake_called(f);

    if (r)
        return r;
    if (f->no_scan)
        return -ENOTTY;
    if (!fake_nr_records(file))
        return -ESRCH;
    if (end > UINT64_C(1) << 47)
        return -EFAULT;
    for (addr = start; addr < end; addr += PAGE) {
        uint64_t *entry = fake_entry_at(file->process, addr);

        f->nr_scanned++;
        if (entry && (*entry & DRCL_PAGEMAP_PRESENT))
            break;
    }
    if (addr >= end)
        return 0;
    for (start = addr; addr < end; addr += PAGE) {
        uint64_t *entry = fake_entry_at(file->process, addr);

        f->nr_scanned++;
        if (!entry || !(*entry & DRCL_PAGEMAP_PRESENT))
            break;
    }
    *ret_range = (struct damon_reclaim_range){start, addr};
    return 1;
}

/* --- advice ------------------------------------------------------------------------------------------------------ */

static void page_out(struct fake *f, uint64_t *entry, size_t head)
{
    uint32_t flags = f->frames[head].flags;

    f->now_ns += f->page_ns;
    if (f->pinned || !(*entry & DRCL_PAGEMAP_EXCLUSIVE) || !(flags & DRCL_KPF_LRU) || (flags & DRCL_KPF_UNEVICTABLE))
        return;
    if (flags & DRCL_KPF_SWAPBACKED) {
        if (f->swap_free < PAGE)
            return;
        f->swap_free -= PAGE;
    }
    f->paged_out += PAGE;
    if (!(flags & DRCL_KPF_SWAPBACKED) && f->file_pages_stay)
        f->frames[head].flags = DRCL_KPF_LRU | DRCL_KPF_DIRTY;
    else if ((flags & DRCL_KPF_SWAPBACKED) && f->disk)
        fake_goes(f, *entry & DRCL_PAGEMAP_PFN, true);
    else
        fake_goes(f, *entry & DRCL_PAGEMAP_PFN, false);
    *entry = DRCL_PAGEMAP_SWAPPED;
}

static int advise_range(struct fake *f, struct fake_process *p, uint64_t start, uint64_t end)
{
    int r = 0;

    for (uint64_t addr = start; addr < end; addr += PAGE) {
        struct fake_area *area = fake_area_of(p, addr);
        uint64_t *entry = fake_entry_at(p, addr);
        size_t head;

        if (area && area->locked)
            return -EINVAL;
        if (!entry) {
            r = -ENOMEM;
            continue;
        }
        if (!(*entry & DRCL_PAGEMAP_PRESENT))
            continue;
        head = fake_head_of(f, *entry & DRCL_PAGEMAP_PFN);
        if (fake_pages_of(f, head) > 1) {
            uint64_t first = addr - ((*entry & DRCL_PAGEMAP_PFN) - head) * PAGE;

            if (first < start || first + fake_pages_of(f, head) * PAGE > end) {
                f->nr_torn++;
                continue;
            }
        }
        page_out(f, entry, head);
    }
    fake_free_gone(f);
    return r;
}

ssize_t fake_sys_process_madvise(void *data, int pidfd, const struct damon_reclaim_range *ranges, size_t n, int advice)
{
    struct fake *f = data;
    size_t done = 0;
    int r = fake_called(f);

    if (r)
        return r;
    if (pidfd < 0)
        return -EBADF;
    f->nr_advise++;
    if (f->advise_error)
        return f->advise_error;
    if (fake_fd_at(f, pidfd)->process->exited)
        return -ESRCH;
    if (n > 0 && f->script_at < f->script_len) {
        r = f->script[f->script_at++];
        if (r)
            return r;
        n = 1;
    }
    for (size_t i = 0; i < n; i++) {
        r = advice == 21 ? advise_range(f, fake_fd_at(f, pidfd)->process, ranges[i].start, ranges[i].end) : 0;
        if (r < 0)
            return done ? (ssize_t)done : r;
        done += (size_t)(ranges[i].end - ranges[i].start);
    }
    return (ssize_t)done;
}
