/* SPDX-License-Identifier: MIT */
#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error_text *error, int r, const char *format, ...)
{
    va_list args;

    if (!error)
        return r;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return r;
}
