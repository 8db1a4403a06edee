/* SPDX-License-Identifier: MIT */
/* The text of an error: one line that names the culprit and the cure. */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

struct error_text {
    char text[512];
};

/* Writes the text (@error may be NULL) and returns @r, for `return error_set(error, -EINVAL, ...)`. */
int error_set(struct error_text *error, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
