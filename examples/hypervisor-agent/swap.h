/* SPDX-License-Identifier: MIT */
/* Whether there is swap. Without it nothing of a guest's anonymous memory can be reclaimed. */
#ifndef HOST_SWAP_H
#define HOST_SWAP_H

enum host_swap { HOST_SWAP_UNKNOWN, HOST_SWAP_NONE, HOST_SWAP_FULL, HOST_SWAP_HAS_ROOM };

/* @root: the directory above /proc, or NULL. */
enum host_swap host_read_swap(const char *root);
const char *host_swap_text(enum host_swap swap); /* what is wrong, and the cure; "" if nothing is */

#endif
