/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "log_limit.h"
#include "log_output.h"

static struct {
    const char *program;
    enum damon_reclaim_log_level level;
    bool journal;
    uint64_t nr_errors;
    uint64_t dropped; /* lines that standard error did not take */
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
    log_output_open();
}

void log_set_level(enum damon_reclaim_log_level level)
{
    state.level = level;
}

static bool write_line(uint32_t level, const char *text)
{
    char line[1200];
    int n;

    if (state.journal) /* it takes the level from the front of the line, and knows the name */
        n = snprintf(line, sizeof(line), "<%d>%s\n", (int)level, text);
    else
        n = snprintf(line, sizeof(line), "%s: %s: %s\n", state.program, damon_reclaim_log_level_name(level), text);
    if (n >= (int)sizeof(line)) {
        n = (int)sizeof(line) - 1;
        line[n - 1] = '\n';
    }
    return log_output_write(line, (size_t)n);
}

static void write_or_count(uint32_t level, const char *text)
{
    state.dropped += !write_line(level, text);
}

/* One line: what is quoted in a message may be anything. */
static void make_printable(char *text)
{
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
}

static void write_left_out(unsigned int n, const char *example)
{
    char text[160];

    snprintf(text, sizeof(text), "%u more lines like \"%.64s\" were left out", n, example);
    write_or_count(DAMON_RECLAIM_LOG_WARNING, text);
}

/* When standard error takes lines again, the first one tells how many were lost. */
static void write_dropped(void)
{
    char text[160];

    snprintf(text, sizeof(text), "%" PRIu64 " log lines were lost: nobody read standard error", state.dropped);
    if (state.dropped && write_line(DAMON_RECLAIM_LOG_WARNING, text))
        state.dropped = 0;
}

__attribute__((format(printf, 2, 0))) static void write_message(uint32_t level, const char *format, va_list args)
{
    unsigned int left_out;
    uint64_t kind;
    char text[1024];

    if (level == DAMON_RECLAIM_LOG_ERROR)
        state.nr_errors++;
    if (level > state.level)
        return;
    vsnprintf(text, sizeof(text), format, args);
    make_printable(text);
    /* What one place of the program says is of one kind; what it passes on from elsewhere goes by the text. */
    kind = strcmp(format, "%s") ? (uint64_t)(uintptr_t)format : log_limit_kind(text);
    if (!log_limit_take(kind, clock_now_ns(), text, &left_out))
        return;
    write_dropped();
    if (left_out)
        write_left_out(left_out, text);
    write_or_count(level, text);
}

void log_write(uint32_t level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_message(level, format, args);
    va_end(args);
}

void log_tell_left_out(bool all)
{
    const char *example;
    unsigned int n;

    while ((n = log_limit_left_out(clock_now_ns(), all, &example)) > 0)
        write_left_out(n, example);
}

void log_library(struct damon_reclaim *ctx, uint32_t level, const char *text, void *userdata)
{
    (void)ctx, (void)userdata;
    log_write(level, "%s", text);
}

uint64_t log_nr_errors(void)
{
    return state.nr_errors;
}
