/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cli_error(const char *format, ...)
{
    va_list ap;

    fflush(stdout);
    fputs("damon-reclaim: ", stderr);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void *cli_realloc(void *ptr, size_t n, size_t size)
{
    void *p = reallocarray(ptr, n ? n : 1, size);

    if (!p) {
        cli_error("out of memory");
        exit(CLI_FAILED);
    }
    return p;
}

int cli_flush(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return CLI_OK;
    cli_error("stdout: %s", strerror(errno));
    return CLI_FAILED;
}
