/* SPDX-License-Identifier: MIT */
/* The fake kernel's files about pages (pagemap, kpageflags, kpagecgroup, page_idle/bitmap), and process_madvise(). */
#ifndef FAKE_PAGES_H
#define FAKE_PAGES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fake;
struct fake_fd;
struct damon_reclaim_range;

/* Record @i of an open file of 8-byte records; how many it has. */
uint64_t fake_record_at(struct fake *f, struct fake_fd *fd, uint64_t i);
uint64_t fake_nr_records(const struct fake_fd *fd);
ssize_t fake_write_bitmap(struct fake *f, const void *buf, size_t len, uint64_t offset);

/* For the table of system calls: PAGEMAP_SCAN, and process_madvise(). */
int fake_sys_scan_present(void *data, int fd, uint64_t start, uint64_t end, struct damon_reclaim_range *ret_range);
ssize_t fake_sys_process_madvise(void *data, int pidfd, const struct damon_reclaim_range *ranges, size_t n, int advice);

#endif
