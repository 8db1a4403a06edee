/* SPDX-License-Identifier: MIT */
#include "pages/owners/process_scan.h"

#include <errno.h>

#include "sys/process.h"

#define MIN_ENTRIES 128                  /* reading as many costs no more than skipping holes between them */
#define MIN_WINDOW  (UINT64_C(16) << 20) /* bytes */
#define MAX_WINDOW  (UINT64_C(1) << 30)  /* walking as many swapped-out pages takes some milliseconds */
#define USER_HALF   (UINT64_C(1) << 63)  /* what lies above, like [vsyscall], is the kernel's */

void drcl_process_scan_init(struct drcl_process_scan *scan, struct drcl_env *env)
{
    *scan = (struct drcl_process_scan){.env = env};
}

void drcl_process_scan_close(struct drcl_process_scan *scan)
{
    if (scan->pid == 0)
        return;
    scan->no_skip = scan->pagemap.no_scan;
    drcl_pagemap_close(&scan->pagemap);
    drcl_close(scan->env, scan->maps.fd);
    drcl_close(scan->env, scan->pidfd);
    scan->pid = 0;
}

/* The next mapping becomes what is to be read: 1, or 0 if there is none. */
static int next_mapping(struct drcl_process_scan *scan)
{
    struct drcl_mapping mapping;
    int r = drcl_maps_next(&scan->maps, &mapping);

    if (r <= 0)
        return r == -ESRCH ? 0 : r;
    scan->addr = mapping.start;
    scan->end = mapping.end <= USER_HALF ? mapping.end : mapping.start;
    scan->window = MIN_WINDOW;
    return 1;
}

/* The pidfd is open. Reads the mappings first: a kernel thread has none, and so costs little. */
static int open_files(struct drcl_process_scan *scan, pid_t pid)
{
    int fd = drcl_process_open(scan->env, pid, scan->pidfd, "maps"), r;

    if (fd < 0)
        return fd;
    drcl_maps_begin(&scan->maps, scan->env, fd, scan->text, sizeof(scan->text));
    r = next_mapping(scan);
    if (r > 0)
        r = drcl_pagemap_open(&scan->pagemap, scan->env, pid, scan->pidfd);
    else if (r == 0)
        r = -ESRCH;
    if (r < 0) {
        drcl_close(scan->env, fd);
        return r;
    }
    scan->pagemap.no_scan = scan->no_skip;
    return 0;
}

int drcl_process_scan_open(struct drcl_process_scan *scan, pid_t pid)
{
    int r;

    scan->pidfd = drcl_pidfd_open(scan->env, pid);
    if (scan->pidfd == -ESRCH || scan->pidfd == -EINVAL) /* -EINVAL: the pid has become that of a thread */
        return 0;
    if (scan->pidfd < 0)
        return scan->pidfd;
    r = open_files(scan, pid);
    if (r < 0) {
        drcl_close(scan->env, scan->pidfd);
        return r == -ESRCH ? 0 : r;
    }
    scan->pid = pid;
    return 1;
}

/* Looks for pages in the window, and reads the entries from the first one on. */
static int read_piece(struct drcl_process_scan *scan, uint64_t *ret_addr, size_t *ret_n)
{
    uint64_t limit = scan->end - scan->addr > scan->window ? scan->addr + scan->window : scan->end;
    uint64_t start, end, rest, n;
    int r = drcl_pagemap_next_present(&scan->pagemap, scan->addr, limit, &start, &end);

    if (r < 0)
        return r;
    if (start >= limit) {
        scan->addr = limit;
        scan->window = scan->window < MAX_WINDOW ? 2 * scan->window : scan->window;
        *ret_n = 0;
        return 1;
    }
    rest = (scan->end - start) / DRCL_PAGE_SIZE;
    n = (end - start) / DRCL_PAGE_SIZE;
    n = n < MIN_ENTRIES ? MIN_ENTRIES : n < DRCL_PROCESS_SCAN_ENTRIES ? n : DRCL_PROCESS_SCAN_ENTRIES;
    n = n < rest ? n : rest;
    r = drcl_pagemap_read(&scan->pagemap, start, (size_t)n, scan->entries);
    if (r < 0)
        return r;
    scan->addr = start + n * DRCL_PAGE_SIZE;
    scan->window = MIN_WINDOW;
    *ret_addr = start;
    *ret_n = (size_t)n;
    return 1;
}

int drcl_process_scan_next(struct drcl_process_scan *scan, uint64_t *ret_addr, size_t *ret_n)
{
    int r;

    if (scan->addr < scan->end) {
        r = read_piece(scan, ret_addr, ret_n);
        return r == -ESRCH ? 0 : r;
    }
    *ret_n = 0;
    return next_mapping(scan);
}
