/* SPDX-License-Identifier: MIT */
/*
 * The record of who holds the kernel's DAMON, beside what sysfs and /proc answer. The pieces of an input are separated
 * by '|': boot, stat, nr_kdamonds, state, pid, update_us, enabled, record. Whatever they say, nothing is taken away
 * that the record does not say is of a program that has ended.
 */
#include <errno.h>

#include "damon_reclaim/damon_reclaim.h"
#include "drivers/damon/damon.h"
#include "drivers/damon/sysfs.h"
#include "fuzz.h"

enum piece { BOOT, STAT, NUMBER, STATE, PID, UPDATE, ENABLED, RECORD, PIECES };

static const struct {
    const char *path; /* how it ends */
    enum piece piece;
} files[] = {
    {"/random/boot_id", BOOT},
    {"/stat", STAT},
    {"/nr_kdamonds", NUMBER},
    {"/0/state", STATE},
    {"/0/pid", PID},
    {"/intervals/update_us", UPDATE},
    {"/parameters/enabled", ENABLED},
    {"/record", RECORD},
};

struct machine {
    const char *piece[PIECES];
    size_t len[PIECES];
    bool written[PIECES]; /* in this run */
};

static int piece_of(const char *path)
{
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        size_t len = strlen(path), end = strlen(files[i].path);

        if (len >= end && !strcmp(path + len - end, files[i].path))
            return (int)files[i].piece;
    }
    return -ENOENT;
}

static int open_piece(void *data, const char *path, int flags)
{
    struct machine *machine = data;
    int piece = piece_of(path);

    (void)flags;
    return piece >= 0 && machine->piece[piece] ? piece + 100 : -ENOENT;
}

static int create_piece(void *data, const char *path, unsigned int mode)
{
    (void)data, (void)mode;
    return piece_of(path) + 100;
}

static int do_nothing(void *data, int fd)
{
    (void)data, (void)fd;
    return 0;
}

static int remove_piece(void *data, const char *path)
{
    must(piece_of(path) == RECORD);
    ((struct machine *)data)->written[RECORD] = true;
    return 0;
}

static ssize_t read_piece(void *data, int fd, void *buf, size_t len, uint64_t offset)
{
    struct machine *machine = data;
    int piece = fd - 100;
    size_t n;

    must(piece >= 0 && piece < PIECES);
    if (offset >= machine->len[piece])
        return 0;
    n = machine->len[piece] - (size_t)offset;
    n = n < len ? n : len;
    memcpy(buf, machine->piece[piece] + offset, n);
    return (ssize_t)n;
}

static ssize_t write_piece(void *data, int fd, const void *buf, size_t len, uint64_t offset)
{
    struct machine *machine = data;

    (void)buf;
    must(fd >= 100 && offset == 0);
    machine->written[fd - 100] = true;
    return (ssize_t)len;
}

static int tell_inode(void *data, int fd, uint64_t *ret)
{
    (void)data;
    *ret = (uint64_t)fd;
    return 0;
}

static int tell_time(void *data, clockid_t id, uint64_t *ret)
{
    (void)data, (void)id;
    *ret = 1000000;
    return 0;
}

static bool has_mark(const struct machine *machine, uint64_t mark)
{
    const char *at = machine->piece[RECORD], *end = at + machine->len[RECORD];

    while (at && (at = memmem(at, (size_t)(end - at), "mark ", 5)) != NULL) { /* a NUL follows the last piece */
        at += 5;
        if (strtoull(at, NULL, 10) == mark)
            return true;
    }
    return false;
}

/* The kdamond was stopped, or its directories were removed: there is one, and it bears the mark of the record. */
static void must_be_marked(const struct machine *machine)
{
    uint64_t interval;

    must(strtoull(machine->piece[NUMBER], NULL, 10) == 1);
    if (!machine->piece[UPDATE]) /* which counts as: killed before it got its mark */
        return;
    interval = strtoull(machine->piece[UPDATE], NULL, 10); /* which ends at the next '|' */
    must(interval >= DRCL_DAMON_MARKED_US && interval <= DRCL_DAMON_MARKED_US + 999983);
    if (interval > DRCL_DAMON_MARKED_US)
        must(has_mark(machine, interval - DRCL_DAMON_MARKED_US));
    else
        must(strncmp(machine->piece[STATE] ? machine->piece[STATE] : "off", "off", 3) == 0);
}

static void clean_up(struct machine *machine)
{
    static const struct damon_reclaim_system_ops ops = {.size = sizeof(ops),
                                                        .open = open_piece,
                                                        .create = create_piece,
                                                        .close = do_nothing,
                                                        .lock = do_nothing,
                                                        .unlink = remove_piece,
                                                        .pread = read_piece,
                                                        .pwrite = write_piece,
                                                        .inode = tell_inode,
                                                        .clock = tell_time};
    const struct damon_reclaim_config config = {.size = sizeof(config), .system_ops = &ops, .system_data = machine};
    char text[300] = "";
    int r = damon_reclaim_cleanup(&config, text, sizeof(text));

    must(*text && !strchr(text, '\n'));
    if (machine->written[STATE] || machine->written[NUMBER])
        must_be_marked(machine);
    if (machine->written[STATE] || machine->written[NUMBER] || machine->written[ENABLED])
        must(machine->piece[RECORD] && machine->len[BOOT] &&
             memmem(machine->piece[RECORD], machine->len[RECORD], "boot ", 5));
    must(!machine->written[ENABLED] || memmem(machine->piece[RECORD], machine->len[RECORD], "damon_stat ", 11));
    must(r != 1 || machine->piece[RECORD]);
    must(r <= 1);
    must(r >= 0 || !machine->written[RECORD]); /* what is not cleaned up stays on record */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine machine = {0};
    char *text = malloc(size + 1), *at = text;

    must(text);
    memcpy(text, data, size);
    text[size] = '\0';
    for (int piece = 0; piece < PIECES && at; piece++) {
        char *end = piece + 1 < PIECES ? memchr(at, '|', (size_t)(text + size - at)) : NULL;

        machine.len[piece] = (size_t)((end ? end : text + size) - at);
        machine.piece[piece] = machine.len[piece] ? at : NULL; /* an empty piece: there is no such file */
        at = end ? end + 1 : NULL;
    }
    clean_up(&machine);
    free(text);
    return 0;
}
