/* SPDX-License-Identifier: MIT */
/*
 * Who holds the kernel's DAMON. An instance of the library keeps its record locked as long as it uses DAMON. A record
 * that nobody has locked is from an instance that was killed. The boot, the thread and the mark in the record tell
 * whether the directories are what that instance left behind.
 */

#include "drivers/damon/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/damon/command.h"
#include "drivers/damon/sysfs.h"
#include "sys/process.h"
#include "sys/scan.h"

/* The size is always the same, so that a shorter text leaves nothing of a longer one behind. No mark of ours is greater
 * than MAX_MARK: a forged one, added to the interval, could result in the interval of another program. */
#define RECORD_SIZE 256
#define LOOKS       3
#define MAX_MARK    999983
#define BOOT_ID     "/proc/sys/kernel/random/boot_id"

static const char *const modules[] = {"damon_stat", "damon_reclaim", "damon_lru_sort"};

/* --- the record -------------------------------------------------------------------------------------------------- */

static bool take_number(struct drcl_scan line, const char *name, uint64_t *ret)
{
    return drcl_scan_word(&line, name) && drcl_scan_u64(&line, 10, ret);
}

/* False for what is no record. */
static bool parse_record(const char *text, size_t len, struct drcl_damon_record *ret)
{
    struct drcl_scan scan = {text, text + len}, line;
    struct drcl_damon_record record = {0};
    uint64_t was_on = 0;
    bool has_mark = false;

    while (drcl_scan_line(&scan, &line)) {
        struct drcl_scan boot = line;

        take_number(line, "pid ", &record.pid);
        take_number(line, "start ", &record.start);
        take_number(line, "kdamond ", &record.kdamond);
        take_number(line, "damon_stat ", &was_on);
        has_mark |= take_number(line, "mark ", &record.mark);
        if (drcl_scan_word(&boot, "boot ") && (size_t)(boot.end - boot.at) < sizeof(record.boot))
            memcpy(record.boot, boot.at, (size_t)(boot.end - boot.at));
    }
    record.stat_was_on = was_on;
    *ret = record;
    return has_mark && record.mark > 0 && record.mark <= MAX_MARK && record.boot[0] && record.pid > 0 &&
           record.pid <= INT_MAX && record.kdamond <= INT_MAX;
}

static int write_record(struct drcl_damon *d)
{
    const struct drcl_damon_record *r = &d->holder.record;
    char text[RECORD_SIZE + 1];
    ssize_t n;
    int len =
        snprintf(text, sizeof(text),
                 "boot %s\npid %" PRIu64 "\nstart %" PRIu64 "\nkdamond %" PRIu64 "\nmark %" PRIu64 "\ndamon_stat %d\n",
                 r->boot, r->pid, r->start, r->kdamond, r->mark, r->stat_was_on);

    memset(text + len, '\n', RECORD_SIZE - (size_t)len);
    n = drcl_pwrite(d->env, d->holder.fd, text, RECORD_SIZE, 0);
    if (n == RECORD_SIZE)
        return 0;
    return drcl_error(d->env, n < 0 ? (int)n : -EIO, DRCL_DAMON_RECORD " cannot be written: %s",
                      strerror(n < 0 ? (int)-n : EIO));
}

/* What the record says is done to the kernel's DAMON, so only root, or we, may have written it. */
static int check_file(struct drcl_env *env, int fd)
{
    struct damon_reclaim_file file;
    int r = drcl_status(env, fd, &file);

    if (r < 0)
        return r == -ENOSYS ? 0 : r; /* the program sees to it itself */
    if (S_ISREG(file.mode) && (file.uid == 0 || file.uid == geteuid()) && file.nr_links <= 1 &&
        !(file.mode & (S_IWGRP | S_IWOTH)))
        return 0;
    return drcl_error(env, -EPERM,
                      DRCL_DAMON_RECORD
                      ": others than this library could have written it (type, owner, mode or links); "
                      "remove it");
}

/* Without text, but for -EPERM. */
static int read_record(struct drcl_env *env, struct drcl_damon_record *ret)
{
    char text[2 * RECORD_SIZE];
    int fd = drcl_open(env, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, DRCL_DAMON_RECORD), r;
    ssize_t n = 0;

    if (fd < 0)
        return fd;
    r = check_file(env, fd);
    if (r == 0)
        n = drcl_pread(env, fd, text, sizeof(text), 0);
    drcl_close(env, fd);
    if (r < 0 || n < 0)
        return r < 0 ? r : (int)n;
    return parse_record(text, (size_t)n, ret) ? 0 : -EINVAL;
}

static int new_record(struct drcl_env *env, struct drcl_damon_record *ret)
{
    struct drcl_damon_record record = {.pid = (uint64_t)getpid()};
    struct drcl_process_stat self;
    ssize_t n = drcl_read_small(env, record.boot, sizeof(record.boot), BOOT_ID);

    if (n <= 0)
        return drcl_error(env, n < 0 ? (int)n : -EIO, BOOT_ID " cannot be read: %s; is /proc mounted?",
                          strerror(n < 0 ? (int)-n : EIO));
    record.boot[strcspn(record.boot, "\n")] = '\0';
    if (drcl_process_stat(env, (pid_t)record.pid, &self) == 0)
        record.start = self.start_ticks;
    record.mark = drcl_clock(env, CLOCK_MONOTONIC) / 1000 % MAX_MARK + 1;
    *ret = record;
    return 0;
}

static bool is_running(struct drcl_env *env, const struct drcl_damon_record *record)
{
    struct drcl_process_stat process;

    return drcl_process_stat(env, (pid_t)record->pid, &process) == 0 && process.start_ticks == record->start &&
           process.state != 'Z';
}

/* Another process has made the record and is alive: it holds no lock where locks do not work. */
static bool is_alive(struct drcl_env *env, const struct drcl_damon_record *record)
{
    return record->pid != (uint64_t)getpid() && is_running(env, record);
}

/* --- other users -------------------------------------------------------------------------------------------------- */

static int module_error(struct drcl_env *env, const char *module, bool take_over)
{
    bool stat = !strcmp(module, "damon_stat");

    return drcl_error(env, -EBUSY,
                      "DAMON is in use by the kernel's module %s; switch it off: echo N > "
                      "/sys/module/%s/parameters/enabled%s",
                      module, module,
                      stat && !take_over ? ", or allow it to be taken over (DAMON_RECLAIM_DAMON_TAKE_OVER, --take-over)"
                                         : "");
}

/* Whoever tears down what a living program has set up, while a command of that program is on its way, may wait for
 * ever, and so may the program. */
static int owner_error(struct drcl_env *env, uint64_t pid)
{
    if (pid == (uint64_t)getpid())
        return drcl_error(env, -EBUSY, "DAMON is in use by another context of this program; disable that one first");
    return drcl_error(env, -EBUSY,
                      "DAMON is in use by pid %" PRIu64
                      ", a program with this library: stop that program; it removes what "
                      "it has set up",
                      pid);
}

static int directories_error(struct drcl_env *env, uint64_t n)
{
    struct drcl_damon_record record;

    if (read_record(env, &record) == 0 && is_running(env, &record))
        return owner_error(env, record.pid);
    for (uint64_t i = 0; i < n; i++) {
        char state[DRCL_DAMON_VALUE], pid[DRCL_DAMON_VALUE];
        unsigned int number = (unsigned int)i;

        if (drcl_damon_read(env, state, "%u/state", number) < 0 || strcmp(state, "on"))
            continue;
        if (drcl_damon_read(env, pid, "%u/pid", number) < 0)
            strcpy(pid, "unknown");
        return drcl_error(env, -EBUSY,
                          "DAMON is in use: kdamond %u, pid %.20s, belongs to another program; to stop it: "
                          "echo off > " DRCL_DAMON_DIR "/%u/state, then echo 0 > " DRCL_DAMON_DIR "/nr_kdamonds",
                          number, pid, number);
    }
    return drcl_error(env, -EBUSY,
                      "DAMON is in use: another program has set up %" PRIu64 " kdamond(s), which do not run; "
                      "to remove them: echo 0 > " DRCL_DAMON_DIR "/nr_kdamonds",
                      n);
}

static int check_holder(struct drcl_env *env, bool take_over)
{
    uint64_t n = 0;
    int r = drcl_damon_read_u64(env, &n, "nr_kdamonds");

    if (r == -ENOENT)
        return drcl_error(env, r, DRCL_DAMON_DIR "/nr_kdamonds is missing: boot a kernel with CONFIG_DAMON_SYSFS=y");
    if (r < 0)
        return drcl_error(env, r, DRCL_DAMON_DIR "/nr_kdamonds cannot be read: %s%s", strerror(-r),
                          r == -EACCES ? "; root is needed" : "");
    return n ? directories_error(env, n) : drcl_damon_check_modules(env, take_over);
}

int drcl_damon_check_modules(struct drcl_env *env, bool take_over)
{
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        int r = drcl_damon_module_on(env, modules[i]);

        if (r < 0)
            return drcl_error(env, r, "/sys/module/%s/parameters/enabled cannot be read: %s", modules[i], strerror(-r));
        if (r && !(i == 0 && take_over))
            return module_error(env, modules[i], take_over);
    }
    return 0;
}

/* --- cleaning up -------------------------------------------------------------------------------------------------- */

/* Looks once: 1 if the directories are ours, 0 if not, or a negative errno if that cannot be found out. */
static int look(struct drcl_env *env, const struct drcl_damon_record *record)
{
    uint64_t n, update_us = DRCL_DAMON_MARKED_US, pid;
    char state[DRCL_DAMON_VALUE] = "off";
    int r = drcl_damon_read_u64(env, &n, "nr_kdamonds");
    bool on;

    if (r < 0 || n != 1)
        return r < 0 ? r : 0;
    r = drcl_damon_read(env, state, "0/state");
    if (r < 0 && r != -ENOENT)
        return r;
    on = !strcmp(state, "on");
    if (!on && strcmp(state, "off") != 0)
        return -EIO;
    if (on && record->kdamond) {
        r = drcl_damon_read_u64(env, &pid, "0/pid");
        if (r < 0 || pid != record->kdamond)
            return r < 0 ? r : 0;
    }
    r = drcl_damon_read_u64(env, &update_us, DRCL_DAMON_CONTEXT "/monitoring_attrs/intervals/update_us");
    if (r < 0 && r != -ENOENT)
        return r;
    if (update_us == DRCL_DAMON_MARKED_US) /* killed before they got the mark */
        return !on && !record->kdamond;
    return update_us == DRCL_DAMON_MARKED_US + record->mark;
}

/* Asks again when an answer makes no sense: otherwise something would be left behind. */
static int is_ours(struct drcl_env *env, const struct drcl_damon_record *record)
{
    int r = -EIO;

    for (unsigned int i = 0; r < 0 && i < LOOKS; i++)
        r = look(env, record);
    return r;
}

/* Takes away what the record tells of, if it is there. @d: a command of its may still be on its way to the thread; as
 * long as that is so the kernel could not remove the directories, nor give up trying. */
static int clean(struct drcl_env *env, const struct drcl_damon_record *record, struct drcl_damon *d)
{
    char state[DRCL_DAMON_VALUE];
    int r = is_ours(env, record);

    if (d && drcl_damon_wait_if_busy(d, r))
        r = is_ours(env, record);
    if (r < 0)
        return drcl_error(env, r, DRCL_DAMON_DIR ": cannot find out whether the kdamond is ours: %s", strerror(-r));
    if (r) {
        if (drcl_damon_read(env, state, "0/state") < 0 || !strcmp(state, "on")) {
            r = drcl_damon_write(env, "off", "0/state"); /* it may have ended meanwhile */
            if (d && drcl_damon_wait_if_busy(d, r))
                drcl_damon_write(env, "off", "0/state");
        }
        r = !d || drcl_damon_settle(d, 0) ? drcl_damon_write(env, "0", "nr_kdamonds") : -ETIMEDOUT;
        if (r < 0)
            r = drcl_error(env, r, DRCL_DAMON_DIR "/nr_kdamonds: our kdamond cannot be removed: %s", strerror(-r));
    }
    if (record->stat_was_on && drcl_damon_module_on(env, "damon_stat") != 1) {
        int s = drcl_damon_module_switch(env, "damon_stat", true);

        if (s < 0)
            r = drcl_error(env, s, "/sys/module/damon_stat/parameters/enabled: cannot be switched on again: %s",
                           strerror(-s));
    }
    return r;
}

/* Whatever an instance left that was killed: 1 if there was something. */
static int recover(struct drcl_env *env, const char *boot)
{
    struct drcl_damon_record old;
    int r = read_record(env, &old);

    if (r == -EPERM)
        return r;
    if (r < 0 && r != -ENOENT && r != -EINVAL)
        return drcl_error(env, r, DRCL_DAMON_RECORD " cannot be read: %s; it records what an earlier program has left",
                          strerror(-r));
    if (r < 0 || strcmp(old.boot, boot) != 0) /* none, or of an earlier boot */
        return 0;
    if (is_alive(env, &old))
        return owner_error(env, old.pid);
    drcl_log(env, DAMON_RECLAIM_LOG_WARNING, "DAMON: cleaning up after pid %" PRIu64 ", which was killed", old.pid);
    r = clean(env, &old, NULL);
    return r < 0 ? r : 1;
}

/* --- taking and giving back ----------------------------------------------------------------------------------------
 */

static int locked_error(struct drcl_env *env)
{
    struct drcl_damon_record other;

    if (read_record(env, &other) < 0)
        return drcl_error(env, -EBUSY, "DAMON is in use by another program with this library, which is just starting");
    return owner_error(env, other.pid);
}

/* The file that was locked may have been removed by its former holder meanwhile: what is written to it must be what
 * others read. */
static int check_locked(struct drcl_env *env, int fd)
{
    uint64_t locked, there = 0;
    int other = drcl_open(env, O_RDONLY, DRCL_DAMON_RECORD), r = drcl_inode(env, fd, &locked);

    if (r == 0 && other >= 0)
        r = drcl_inode(env, other, &there);
    if (other >= 0)
        drcl_close(env, other);
    else if (other != -ENOENT)
        r = other;
    if (r < 0)
        return drcl_error(env, r, DRCL_DAMON_RECORD " cannot be opened: %s", strerror(-r));
    if (other < 0 || locked != there)
        return drcl_error(env, -EBUSY,
                          DRCL_DAMON_RECORD ": another program with this library has just released it; try again");
    return 0;
}

/* The record, locked, or an error with a text. */
static int lock_record(struct drcl_env *env)
{
    int fd, r;

    fd = drcl_create(env, 0600, DRCL_DAMON_RECORD);
    if (fd == -ENOENT && drcl_mkdir(env, 0700, DRCL_DAMON_RUN) == 0)
        fd = drcl_create(env, 0600, DRCL_DAMON_RECORD);
    if (fd < 0)
        return drcl_error(env, fd,
                          DRCL_DAMON_RECORD " cannot be opened: %s; what is set up in the kernel must be on record",
                          strerror(-fd));
    r = check_file(env, fd);
    if (r < 0 && r != -EPERM)
        drcl_error(env, r, DRCL_DAMON_RECORD ": whose it is cannot be found out: %s", strerror(-r));
    if (r == 0) {
        r = drcl_lock(env, fd);
        if (r == -EWOULDBLOCK)
            r = locked_error(env);
        else if (r < 0)
            drcl_error(env, r, DRCL_DAMON_RECORD " cannot be locked: %s", strerror(-r));
        else
            r = check_locked(env, fd);
    }
    if (r < 0)
        drcl_close(env, fd);
    return r < 0 ? r : fd;
}

static void close_record(struct drcl_env *env, int fd, bool remove)
{
    if (remove)
        drcl_unlink(env, DRCL_DAMON_RECORD);
    drcl_close(env, fd);
}

static int take_over(struct drcl_damon *d)
{
    int r = drcl_damon_module_on(d->env, "damon_stat");

    if (r < 0)
        return drcl_error(d->env, r, "/sys/module/damon_stat/parameters/enabled cannot be read: %s", strerror(-r));
    if (!r)
        return 0;
    d->holder.record.stat_was_on = true;
    r = write_record(d);
    if (r == 0) {
        r = drcl_damon_module_switch(d->env, "damon_stat", false);
        if (r < 0)
            drcl_error(d->env, r, "/sys/module/damon_stat/parameters/enabled: cannot be switched off: %s",
                       strerror(-r));
    }
    return r;
}

/* Finds out whether an instance of the library was killed and its tree is still in the kernel, and that instance's
 * record. False also if it cannot be found out. */
static bool find_leftover(struct drcl_env *env, struct drcl_damon_record *ret)
{
    struct drcl_damon_record record;
    struct drcl_quiet quiet;
    bool found;

    drcl_quiet_begin(env, &quiet);
    found = read_record(env, ret) == 0 && new_record(env, &record) == 0 && !strcmp(ret->boot, record.boot) &&
            !is_alive(env, ret) && is_ours(env, ret) == 1;
    drcl_quiet_end(env, &quiet);
    return found;
}

/* What a killed instance has left is no obstacle: the next start cleans it up. */
int drcl_damon_check_takeable(struct drcl_env *env, bool take_over)
{
    struct drcl_damon_record old;

    if (!find_leftover(env, &old))
        return check_holder(env, take_over);
    /* Cleaning up switches DAMON_STAT on again. */
    return old.stat_was_on && !take_over ? module_error(env, "damon_stat", false) : 0;
}

int drcl_damon_clean_up(struct drcl_env *env)
{
    struct drcl_damon_record record;
    struct drcl_quiet quiet;
    int r, fd;

    drcl_quiet_begin(env, &quiet);
    r = read_record(env, &record);
    if (r == 0 && is_running(env, &record)) /* and is what holds the lock, but where locks do not work */
        r = -EBUSY;
    drcl_quiet_end(env, &quiet);
    if (r == -EBUSY)
        owner_error(env, record.pid);
    if (r == -ENOENT || r == -EBUSY)
        return 0;
    r = new_record(env, &record);
    fd = r < 0 ? r : lock_record(env);
    if (fd < 0)
        return fd == -EBUSY ? 0 : fd;
    r = recover(env, record.boot);
    close_record(env, fd, r >= 0);
    return r;
}

int drcl_damon_take(struct drcl_damon *d)
{
    bool may_take_over = d->flags & DAMON_RECLAIM_DAMON_TAKE_OVER;
    struct drcl_damon_record record;
    int r = new_record(d->env, &record), fd;

    fd = r < 0 ? r : lock_record(d->env);
    if (fd < 0)
        return fd;
    r = recover(d->env, record.boot);
    if (r < 0) { /* what the record tells is still needed */
        close_record(d->env, fd, false);
        return r;
    }
    r = check_holder(d->env, may_take_over);
    if (r < 0) {
        close_record(d->env, fd, true);
        return r;
    }
    d->holder.fd = fd;
    d->holder.record = record;
    r = write_record(d);
    if (r == 0 && may_take_over)
        r = take_over(d);
    if (r == 0) {
        r = drcl_damon_write(d->env, "1", "nr_kdamonds");
        d->holder.made = r == 0;
        if (r < 0 && (r != -EBUSY || check_holder(d->env, false) == 0))
            drcl_error(d->env, r, DRCL_DAMON_DIR "/nr_kdamonds cannot be written: %s", strerror(-r));
    }
    if (r < 0)
        drcl_damon_give_back(d);
    return r;
}

int drcl_damon_record_kdamond(struct drcl_damon *d, pid_t kdamond)
{
    d->holder.record.kdamond = kdamond > 0 ? (uint64_t)kdamond : 0;
    return write_record(d);
}

int drcl_damon_give_back(struct drcl_damon *d)
{
    struct drcl_damon_record record = d->holder.record;
    int r;

    if (d->holder.fd < 0)
        return 0;
    if (!d->holder.made) /* what is there is not ours, whatever it looks like */
        record.mark = record.kdamond = UINT64_MAX >> 1;
    r = clean(d->env, &record, d);
    close_record(d->env, d->holder.fd, r == 0); /* if this fails, the next start tries again */
    d->holder.fd = -1;
    d->holder.made = false;
    memset(&d->holder.record, 0, sizeof(d->holder.record));
    return r;
}
