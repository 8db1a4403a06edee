/* SPDX-License-Identifier: MIT */
#include "sys/frame_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define GAP 32 /* reading this many words for nothing costs less than another call */

int drcl_frame_file_open(struct drcl_frame_file *file, struct drcl_env *env, const char *option)
{
    int fd = drcl_open(env, O_RDONLY, "%s", file->path);

    if (fd == -ENOENT)
        return drcl_error(env, fd, "%s is missing: boot a kernel with %s", file->path, option);
    if (fd == -EACCES || fd == -EPERM)
        return drcl_error(env, -EPERM, "%s cannot be opened: run as root", file->path);
    if (fd < 0)
        return drcl_error(env, fd, "%s cannot be opened: %s", file->path, strerror(-fd));
    file->env = env;
    file->fd = fd;
    return 0;
}

void drcl_frame_file_close(struct drcl_frame_file *file)
{
    drcl_close(file->env, file->fd);
    file->fd = -1;
}

int drcl_frame_file_read(struct drcl_frame_file *file, uint64_t pfn, size_t n, uint64_t *words)
{
    size_t len = n * sizeof(uint64_t), done = 0;

    while (done < len) {
        ssize_t r = drcl_pread(file->env, file->fd, (char *)words + done, len - done, pfn * sizeof(uint64_t) + done);

        if (r < 0)
            return drcl_error(file->env, (int)r, "%s cannot be read: %s", file->path, strerror((int)-r));
        if (r < (ssize_t)sizeof(uint64_t))
            break; /* the end of memory */
        done += (size_t)r & ~(sizeof(uint64_t) - 1);
    }
    for (size_t i = done / sizeof(uint64_t); i < n; i++)
        words[i] = file->beyond;
    return 0;
}

int drcl_frame_file_read_run(struct drcl_frame_file *file, const struct drcl_frame *frames, size_t n,
                             uint64_t words[DRCL_FRAME_FILE_SPAN], size_t *ret_run)
{
    size_t run = drcl_frames_run(frames, n, 0, GAP, DRCL_FRAME_FILE_SPAN);

    *ret_run = run;
    return drcl_frame_file_read(file, frames[0].pfn, (size_t)(frames[run - 1].pfn - frames[0].pfn) + 1, words);
}
