/* SPDX-License-Identifier: MIT */
#include "params/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/line.h"

int drcl_params_error(const struct drcl_error_text *error, int err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error->size) {
        vsnprintf(error->text, error->size, format, args);
        drcl_make_one_line(error->text);
    }
    va_end(args);
    return err;
}
