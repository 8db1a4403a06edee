/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    const char *program;
    enum damon_reclaim_log_level level;
    bool journal;
    uint64_t nr_errors;
} state = {.program = "", .level = DAMON_RECLAIM_LOG_INFO};

/* Whether stderr is the stream to the journal that the service manager names by device and inode. */
static bool to_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
           st.st_dev == device && st.st_ino == inode;
}

void log_open(const char *program, enum damon_reclaim_log_level level)
{
    state.program = program;
    state.level = level;
    state.journal = to_journal();
}

void log_set_level(enum damon_reclaim_log_level level)
{
    state.level = level;
}

void log_write(enum damon_reclaim_log_level level, const char *format, ...)
{
    char text[1024];
    va_list args;

    if (level == DAMON_RECLAIM_LOG_ERROR)
        state.nr_errors++;
    if (level > state.level)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (char *c = text; *c; c++) /* one line: what is quoted in it may be anything */
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    if (state.journal)
        fprintf(stderr, "<%d>%s\n", (int)level, text); /* the journal takes the level from there, the name it knows */
    else
        fprintf(stderr, "%s: %s: %s\n", state.program, damon_reclaim_log_level_name(level), text);
}

void log_library(struct damon_reclaim *ctx, enum damon_reclaim_log_level level, const char *text, void *userdata)
{
    (void)ctx, (void)userdata;
    log_write(level, "%s", text);
}

uint64_t log_nr_errors(void)
{
    return state.nr_errors;
}
