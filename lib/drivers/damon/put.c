/* SPDX-License-Identifier: MIT */
#include "drivers/damon/put.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBER 24

static int file_error(const struct drcl_put *put, int err, const char *file, const char *value)
{
    switch (err) {
    case -ENOENT:
        return drcl_error(put->env, -EOPNOTSUPP,
                          "%s: this kernel's DAMON cannot do it, " DRCL_DAMON_DIR "/%s is missing", put->what, file);
    case -EINVAL:
        return drcl_error(put->env, -EOPNOTSUPP,
                          "%s: this kernel's DAMON cannot do it, " DRCL_DAMON_DIR "/%s does not take %s", put->what,
                          file, value);
    case -EACCES:
    case -EPERM:
        return drcl_error(put->env, -EPERM, "%s: " DRCL_DAMON_DIR "/%s cannot be written: %s; run as root", put->what,
                          file, strerror(-err));
    default:
        return drcl_error(put->env, err, "%s: " DRCL_DAMON_DIR "/%s cannot be written: %s", put->what, file,
                          strerror(-err));
    }
}

/* Leaves alone what is right already, reads back what it wrote. No text. */
static int write_back(struct drcl_env *env, const char *value, const char *file)
{
    char there[DRCL_DAMON_VALUE];
    int r = drcl_damon_read(env, there, "%s", file);

    if (r == 0 && !strcmp(there, value))
        return 0;
    r = drcl_damon_write(env, value, "%s", file);
    if (r == 0)
        r = drcl_damon_read(env, there, "%s", file);
    return r < 0 ? r : strcmp(there, value) ? -EIO : 0;
}

static void put_text(struct drcl_put *put, const char *value, const char *file)
{
    int r = put->failed ? 0 : write_back(put->env, value, file);

    if (r == -EIO)
        put->failed = drcl_error(
            put->env, r, "%s: %s was written to " DRCL_DAMON_DIR "/%s, but the file has another value afterwards",
            put->what, value, file);
    else if (r < 0)
        put->failed = file_error(put, r, file, value);
}

static bool is_missing(const struct drcl_put *put, const char *file)
{
    return !put->failed && !drcl_damon_exists(put->env, "%s", file);
}

void drcl_put_text(struct drcl_put *put, const char *value, const char *format, ...)
{
    DRCL_DAMON_NAME(file, format);
    put_text(put, value, file);
}

void drcl_put(struct drcl_put *put, uint64_t value, const char *format, ...)
{
    char text[NUMBER];
    DRCL_DAMON_NAME(file, format);

    snprintf(text, sizeof(text), "%" PRIu64, value);
    put_text(put, text, file);
}

void drcl_put_most(struct drcl_put *put, uint64_t value, const char *format, ...)
{
    char text[NUMBER];
    int r;
    DRCL_DAMON_NAME(file, format);

    snprintf(text, sizeof(text), "%" PRIu64, value);
    if (!put->failed && value > UINT32_MAX) {
        r = write_back(put->env, text, file);
        if (r == 0)
            return;
        if (r == -EINVAL || r == -ERANGE)
            snprintf(text, sizeof(text), "%" PRIu32, UINT32_MAX);
    }
    put_text(put, text, file);
}

void drcl_put_optional(struct drcl_put *put, uint64_t value, uint64_t plain, const char *format, ...)
{
    char text[NUMBER];
    DRCL_DAMON_NAME(file, format);

    if (value == plain && is_missing(put, file))
        return;
    snprintf(text, sizeof(text), "%" PRIu64, value);
    put_text(put, text, file);
}

void drcl_put_optional_text(struct drcl_put *put, const char *value, const char *plain, const char *format, ...)
{
    DRCL_DAMON_NAME(file, format);

    if (!strcmp(value, plain) && is_missing(put, file))
        return;
    put_text(put, value, file);
}
