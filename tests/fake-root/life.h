/* SPDX-License-Identifier: MIT */
/* What all tests of the library on the fake kernel share. */
#ifndef LIFE_H
#define LIFE_H

#include "fake.h"
#include "reclaim.h"

#define SEC UINT64_C(1000000000)

extern struct fake *f; /* the kernel of the test */

/* The text contains the word. */
void says(const char *text, const char *word);

#endif
