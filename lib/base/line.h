/* SPDX-License-Identifier: MIT */
/* Texts for people are one line, whatever names and values they quote. */
#ifndef DRCL_LINE_H
#define DRCL_LINE_H

/* Replaces control characters with blanks. */
static inline void drcl_make_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = ' ';
}

#endif
