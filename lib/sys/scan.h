/* SPDX-License-Identifier: MIT */
/* Reading numbers and lines out of the text of kernel files. No locale, no errno, never past the end. */
#ifndef DRCL_SYS_SCAN_H
#define DRCL_SYS_SCAN_H

#include <stdbool.h>
#include <stdint.h>

/* Text that is read from the front: [at, end). It need not end in a NUL. */
struct drcl_scan {
    const char *at;
    const char *end;
};

/* Takes a number in @base (10 or 16, without prefix). False, with nothing taken, if there is none or it overflows. */
bool drcl_scan_u64(struct drcl_scan *scan, unsigned int base, uint64_t *ret);
/* Takes the character @c. False, with nothing taken, if another one is there. */
bool drcl_scan_char(struct drcl_scan *scan, char c);
/* Takes blanks, if any. */
void drcl_scan_blanks(struct drcl_scan *scan);
/* Takes the text up to the next newline, and the newline. False, with nothing taken, at the end of the text. */
bool drcl_scan_line(struct drcl_scan *scan, struct drcl_scan *ret_line);
/* Takes @word if the text begins with it. */
bool drcl_scan_word(struct drcl_scan *scan, const char *word);

#endif
