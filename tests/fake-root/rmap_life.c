/* SPDX-License-Identifier: MIT */
#include "rmap_life.h"

#include <unistd.h>

struct drcl_rmap *rmap;

void set_up(void)
{
    f = fake_open();
    ck_assert_int_eq(drcl_rmap_new(&f->env, BOUND, &rmap), 0);
}

void begin_populated(void)
{
    set_up();
    populate();
}

void tear_down(void)
{
    drcl_rmap_free(rmap);
    fake_close(f);
}

void populate(void)
{
    fake_process(f, 2);
    for (pid_t pid = FIRST; pid < FIRST + 3; pid++) {
        struct fake_process *p = fake_process(f, pid);

        fake_map(f, p, BASE, 1024, FAKE_HUGE);
        fake_map(f, p, BASE + 4096 * PAGE, 64, FAKE_SMALL);
        fake_map(f, p, BASE + 8192 * PAGE, 32, FAKE_MEDIUM);
        fake_map(f, p, BASE + 9000 * PAGE, 16, FAKE_FILE);
        fake_map(f, p, BASE + 10000 * PAGE, 20000, FAKE_NONE);
    }
    fake_map(f, fake_process(f, getpid()), BASE, 16, FAKE_SMALL);
}

struct fake_process *process(pid_t pid)
{
    for (size_t i = 0; i < f->nr_processes; i++)
        if (f->processes[i].pid == pid)
            return &f->processes[i];
    ck_abort_msg("no process %d", (int)pid);
}

bool is_found(struct fake_process *p, uint64_t addr)
{
    uint64_t pfn = *fake_entry(p, addr) & DRCL_PAGEMAP_PFN;
    struct drcl_run run;

    if (!drcl_rmap_find(rmap, pfn, &run))
        return false;
    if (run.pid != p->pid || run.addr != addr || run.pages == 0)
        ck_abort_msg("frame %llu: wrong answer", (unsigned long long)pfn);
    for (size_t i = 0; i < run.pages; i++)
        if ((*fake_entry(p, addr + i * PAGE) & DRCL_PAGEMAP_PFN) != pfn + i)
            ck_abort_msg("a run of %zu pages is wrong at %zu", (size_t)run.pages, i);
    return true;
}

size_t nr_found(struct fake_process *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->nr_areas; i++)
        for (size_t k = 0; k < p->areas[i].pages; k++)
            n += p->areas[i].entries[k] && is_found(p, p->areas[i].start + k * PAGE);
    return n;
}

void read_all(void)
{
    want_all();
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
}

void want_all(void)
{
    drcl_rmap_want(rmap, 0, FAKE_FRAMES);
}

bool knows_all(void)
{
    return drcl_rmap_knows(rmap, 0, FAKE_FRAMES);
}

void check_all(void)
{
    ck_assert_int_eq(knows_all(), true);
    for (pid_t pid = FIRST; pid < FIRST + 3; pid++)
        ck_assert_uint_eq(nr_found(process(pid)), ALL);
}
