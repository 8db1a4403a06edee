/* SPDX-License-Identifier: MIT */
#include "sys/page_idle.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH       "/sys/kernel/mm/page_idle/bitmap"
#define SPAN       512 /* words a call: the kernel takes a page of them at a time */
#define WORD_SHIFT 6
/* Words for nothing that cost less than another call: the kernel looks at each bit on its own. */
#define GAP_SET 1
#define GAP_GET 1

int drcl_page_idle_open(struct drcl_page_idle *idle, struct drcl_env *env, int flags)
{
    int fd = drcl_open(env, flags, PATH);

    if (fd == -ENOENT || fd == -ENOTDIR)
        return drcl_error(env, -ENOENT, PATH " is missing: boot a kernel with CONFIG_IDLE_PAGE_TRACKING=y");
    if (fd == -EACCES || fd == -EPERM)
        return drcl_error(env, -EPERM, PATH " cannot be opened: run as root");
    if (fd < 0)
        return drcl_error(env, fd, PATH " cannot be opened: %s", strerror(-fd));
    idle->env = env;
    idle->fd = fd;
    return 0;
}

bool drcl_page_idle_exists(struct drcl_env *env)
{
    int fd = drcl_open(env, O_RDONLY, PATH);

    drcl_close(env, fd);
    return fd != -ENOENT && fd != -ENOTDIR;
}

void drcl_page_idle_close(struct drcl_page_idle *idle)
{
    drcl_close(idle->env, idle->fd);
    idle->fd = -1;
}

/* --- who uses it ----------------------------------------------------------------------------------------------------
 */

/* A lock begins at a place of its own: 0 for all of the bitmap, or the one of a process. All locks of a place include
 * its first byte, and the length of each is the pid of its holder. */
#define PID_BITS 22 /* as many as the kernel gives out */

static uint64_t place_of(pid_t pid)
{
    return (uint64_t)pid << PID_BITS;
}

/* @pid: the process that both want to watch; 0: one of the two wants physical memory. */
static int busy_error(struct drcl_env *env, pid_t pid, uint64_t holder)
{
    bool own = holder == (uint64_t)getpid();
    char what[48] = "memory is watched", who[64] = "another program";

    if (pid)
        snprintf(what, sizeof(what), "pid %d is watched", (int)pid);
    if (own)
        snprintf(who, sizeof(who), "another context of this program");
    else if (holder)
        snprintf(who, sizeof(who), "pid %" PRIu64, holder);
    return drcl_error(env, -EBUSY, PATH ": %s by %s already, and each would spoil what the other sees; %s first", what,
                      who, own ? "disable that one" : "stop that program");
}

static int lock_place(struct drcl_page_idle *idle, int type, pid_t pid)
{
    uint64_t holder = 0;
    int r = drcl_lock_range(idle->env, idle->fd, type, place_of(pid), (uint64_t)getpid(), &holder);

    if (r == -EAGAIN)
        return busy_error(idle->env, pid, holder);
    if (r == -ENOSYS) {
        drcl_log(idle->env, DAMON_RECLAIM_LOG_DEBUG,
                 PATH ": whether others use it cannot be seen: config.system_ops has no lock_range");
        return 0;
    }
    return r < 0 ? drcl_error(idle->env, r, PATH " cannot be locked: %s", strerror(-r)) : 0;
}

int drcl_page_idle_lock(struct drcl_page_idle *idle, enum drcl_page_idle_use use)
{
    static const int types[] = {
        [DRCL_PAGE_IDLE_UNUSED] = F_UNLCK, [DRCL_PAGE_IDLE_PROCESSES] = F_RDLCK, [DRCL_PAGE_IDLE_MEMORY] = F_WRLCK};

    return lock_place(idle, types[use], 0);
}

int drcl_page_idle_lock_process(struct drcl_page_idle *idle, pid_t pid)
{
    return lock_place(idle, F_WRLCK, pid);
}

void drcl_page_idle_unlock_process(struct drcl_page_idle *idle, pid_t pid)
{
    lock_place(idle, F_UNLCK, pid);
}

/* --- idle bits ------------------------------------------------------------------------------------------------------
 */

static int write_words(struct drcl_page_idle *idle, uint64_t word, size_t n, const uint64_t *words)
{
    size_t len = n * sizeof(uint64_t), done = 0;

    while (done < len) {
        ssize_t r =
            drcl_pwrite(idle->env, idle->fd, (const char *)words + done, len - done, word * sizeof(uint64_t) + done);

        if (r == -ENXIO || (r >= 0 && r < (ssize_t)sizeof(uint64_t)))
            return 0; /* the end of memory: such frames are no user's */
        if (r < 0)
            return drcl_error(idle->env, (int)r, PATH " cannot be written: %s", strerror((int)-r));
        done += (size_t)r & ~(sizeof(uint64_t) - 1);
    }
    return 0;
}

static int read_words(struct drcl_page_idle *idle, uint64_t word, size_t n, uint64_t *words)
{
    size_t len = n * sizeof(uint64_t), done = 0;

    while (done < len) {
        ssize_t r = drcl_pread(idle->env, idle->fd, (char *)words + done, len - done, word * sizeof(uint64_t) + done);

        if (r < 0)
            return drcl_error(idle->env, (int)r, PATH " cannot be read: %s", strerror((int)-r));
        if (r < (ssize_t)sizeof(uint64_t))
            break;
        done += (size_t)r & ~(sizeof(uint64_t) - 1);
    }
    memset((char *)words + done, 0, len - done);
    return 0;
}

static uint64_t bit(const struct drcl_frame *frame)
{
    return UINT64_C(1) << (frame->pfn & 63);
}

int drcl_page_idle_set(struct drcl_page_idle *idle, const struct drcl_frame *frames, size_t n)
{
    uint64_t words[SPAN];

    while (n > 0) {
        size_t run = drcl_frames_run(frames, n, WORD_SHIFT, GAP_SET, SPAN);
        uint64_t first = frames[0].pfn >> WORD_SHIFT;
        size_t nr_words = (size_t)((frames[run - 1].pfn >> WORD_SHIFT) - first) + 1;
        bool any = false;
        int r = 0;

        memset(words, 0, nr_words * sizeof(uint64_t));
        for (size_t i = 0; i < run; i++) {
            if (frames[i].flags & DRCL_FRAME_IDLE)
                continue;
            words[(frames[i].pfn >> WORD_SHIFT) - first] |= bit(&frames[i]);
            any = true;
        }
        if (any)
            r = write_words(idle, first, nr_words, words);
        if (r < 0)
            return r;
        frames += run;
        n -= run;
    }
    return 0;
}

int drcl_page_idle_set_all(struct drcl_page_idle *idle, uint64_t start, uint64_t end)
{
    uint64_t words[SPAN];
    int r = 0;

    while (r == 0 && start < end) {
        uint64_t word = start >> WORD_SHIFT, n = ((end - 1) >> WORD_SHIFT) - word + 1, behind;

        n = n < SPAN ? n : SPAN;
        behind = (word + n) << WORD_SHIFT;
        memset(words, 0xff, (size_t)n * sizeof(uint64_t));
        words[0] &= UINT64_MAX << (start & 63);
        if (behind > end)
            words[n - 1] &= UINT64_MAX >> (behind - end);
        r = write_words(idle, word, (size_t)n, words);
        start = behind;
    }
    return r;
}

int drcl_page_idle_get(struct drcl_page_idle *idle, struct drcl_frame *frames, size_t n)
{
    uint64_t words[SPAN];

    while (n > 0) {
        size_t run = drcl_frames_run(frames, n, WORD_SHIFT, GAP_GET, SPAN);
        uint64_t first = frames[0].pfn >> WORD_SHIFT;
        int r = read_words(idle, first, (size_t)((frames[run - 1].pfn >> WORD_SHIFT) - first) + 1, words);

        if (r < 0)
            return r;
        for (size_t i = 0; i < run; i++) {
            frames[i].flags &= ~DRCL_FRAME_IDLE;
            if (words[(frames[i].pfn >> WORD_SHIFT) - first] & bit(&frames[i]))
                frames[i].flags |= DRCL_FRAME_IDLE;
        }
        frames += run;
        n -= run;
    }
    return 0;
}
