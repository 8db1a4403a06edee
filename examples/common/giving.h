/* SPDX-License-Identifier: MIT */
/*
 * Whether what is reclaimed on this machine becomes free, and whether a virtual machine gives it back to its host: what
 * the swap does with a page, and what the balloon device does with free memory. Only reads.
 */
#ifndef COMMON_GIVING_H
#define COMMON_GIVING_H

#include <stddef.h>

enum giving_verdict {
    GIVING_WORKS,
    GIVING_NOTE,   /* it is so; nobody needs to do anything unless they want it otherwise */
    GIVING_MISSING /* the text has the cure */
};

struct giving_finding {
    enum giving_verdict verdict;
    char name[64]; /* "free page reporting", "swap", "swap on /dev/vda2" */
    char text[384];
};

#define GIVING_MAX 16

/* Returns how many findings there are, at most GIVING_MAX. @root is the directory above /proc and /sys: "", except in
 * tests. */
size_t giving_look(const char *root, struct giving_finding findings[GIVING_MAX]);

/* The order of the least block of free memory that is reported: 2^order pages. The order of a huge page where the
 * kernel does not say. */
unsigned int giving_order(const char *root);

#endif
