/* SPDX-License-Identifier: MIT */
/* Errors of this room, which knows no context: a text in the caller's buffer. */
#ifndef DRCL_PARAMS_ERROR_H
#define DRCL_PARAMS_ERROR_H

#include <stddef.h>

/* Where the text of an error goes, NUL-terminated and cut off if need be. With @size 0 none is wanted. */
struct drcl_error_text {
    char *text;
    size_t size;
};

/* Writes one line that names the parameter and the cure, and returns @err (negative). */
int drcl_params_error(const struct drcl_error_text *error, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
