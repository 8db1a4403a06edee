/* SPDX-License-Identifier: MIT */
#include "sys/frame_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int drcl_frame_file_open(struct drcl_env *env, const char *path, const char *option)
{
    int fd = drcl_open(env, O_RDONLY, "%s", path);

    if (fd == -ENOENT)
        return drcl_error(env, fd, "%s is missing: boot a kernel with %s", path, option);
    if (fd == -EACCES || fd == -EPERM)
        return drcl_error(env, -EPERM, "%s cannot be opened: run as root", path);
    if (fd < 0)
        return drcl_error(env, fd, "%s cannot be opened: %s", path, strerror(-fd));
    return fd;
}

int drcl_frame_file_read(struct drcl_env *env, int fd, const char *path, uint64_t pfn, size_t n, uint64_t *words,
                         uint64_t beyond)
{
    size_t len = n * sizeof(uint64_t), done = 0;

    while (done < len) {
        ssize_t r = drcl_pread(env, fd, (char *)words + done, len - done, pfn * sizeof(uint64_t) + done);

        if (r < 0)
            return drcl_error(env, (int)r, "%s cannot be read: %s", path, strerror((int)-r));
        if (r < (ssize_t)sizeof(uint64_t))
            break; /* the end of memory */
        done += (size_t)r & ~(sizeof(uint64_t) - 1);
    }
    for (size_t i = done / sizeof(uint64_t); i < n; i++)
        words[i] = beyond;
    return 0;
}
