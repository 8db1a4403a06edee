/* SPDX-License-Identifier: MIT */
#include "life.h"

#include <string.h>

struct fake *f;

void says(const char *text, const char *word)
{
    if (!strstr(text, word))
        ck_abort_msg("\"%s\" does not say \"%s\"", text, word);
}
