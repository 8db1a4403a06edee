/* SPDX-License-Identifier: MIT */
#include "sys/page_idle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

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
