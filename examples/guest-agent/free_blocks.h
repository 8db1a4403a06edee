/* SPDX-License-Identifier: MIT */
/* How free memory is divided into blocks, and whether the machine is short of it. */
#ifndef FREE_BLOCKS_H
#define FREE_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Bytes of free memory in blocks of less than 2^order pages. @movable: only those that compaction can join, among
 * memory that the kernel can move. That takes the kernel longer to tell, and only root may ask. Returns 0 or a negative
 * errno.
 * @root is the directory above /proc.
 */
int free_blocks_small(const char *root, unsigned int order, bool movable, uint64_t *ret);

/* The share of the last ten seconds in which some task waited for memory, in hundredths of a percent; 0 where the
 * kernel does not measure it. */
uint32_t free_blocks_pressure(const char *root);

#endif
