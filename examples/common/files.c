/* SPDX-License-Identifier: MIT */
#include "common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Large enough for the maps of a process with 65,530 mappings, the default limit. */
#define LARGEST ((size_t)1 << 24)

static ssize_t read_next(int fd, void *buf, size_t len, uint64_t offset)
{
    ssize_t n = read(fd, buf, len);

    (void)offset;
    return n < 0 ? -errno : n;
}

/* Somebody else may have put a FIFO or a device there, which would be waited for. */
static int open_regular(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;
    int r;

    if (fd < 0)
        return -errno;
    r = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

int file_read_by(file_read_fn *read_at, int fd, char **ret, size_t *ret_len)
{
    size_t capacity = 0, len = 0;
    char *text = NULL, *grown;
    ssize_t n = 1;

    while (n > 0 || n == -EINTR) {
        if (len + 1 >= capacity) {
            capacity = capacity ? 2 * capacity : 8192;
            grown = capacity > LARGEST ? NULL : realloc(text, capacity);
            if (!grown) {
                n = capacity > LARGEST ? -EFBIG : -ENOMEM;
                break;
            }
            text = grown;
        }
        n = read_at(fd, text + len, capacity - len - 1, len);
        len += n > 0 ? (size_t)n : 0;
    }
    if (n < 0) {
        free(text);
        return (int)n;
    }
    text[len] = '\0';
    *ret = text;
    if (ret_len)
        *ret_len = len;
    return 0;
}

static int read_and_close(int fd, char **ret, size_t *ret_len)
{
    int r = file_read_by(read_next, fd, ret, ret_len);

    close(fd);
    return r;
}

int file_read(const char *path, char **ret, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : read_and_close(fd, ret, ret_len);
}

int file_read_regular(const char *path, char **ret, size_t *ret_len)
{
    int fd = open_regular(path);

    return fd < 0 ? fd : read_and_close(fd, ret, ret_len);
}

int file_own_lack(int error)
{
    return error == -ENOMEM || error == -EMFILE || error == -ENFILE ? error : 0;
}
