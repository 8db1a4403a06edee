/* SPDX-License-Identifier: MIT */
#include "common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Large enough for the maps of a process with 65,530 mappings, the default limit. */
#define LARGEST ((size_t)1 << 24)

/* Reads until the end of the file or until @size bytes are read. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
    size_t len = 0;

    while (len < size) {
        ssize_t n = read(fd, buf + len, size - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
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

static int read_text(int fd, char **ret, size_t *ret_len)
{
    size_t capacity = 0, len = 0;
    char *text = NULL, *grown;
    ssize_t n = 0;

    do {
        capacity = capacity ? 2 * capacity : 8192;
        grown = capacity > LARGEST ? NULL : realloc(text, capacity);
        n = grown ? 0 : capacity > LARGEST ? -EFBIG : -ENOMEM;
        if (!grown)
            break;
        text = grown;
        n = read_all(fd, text + len, capacity - len - 1);
        len += n > 0 ? (size_t)n : 0;
    } while (n >= 0 && len == capacity - 1);
    close(fd);
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

int file_read(const char *path, char **ret, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : read_text(fd, ret, ret_len);
}

int file_read_regular(const char *path, char **ret, size_t *ret_len)
{
    int fd = open_regular(path);

    return fd < 0 ? fd : read_text(fd, ret, ret_len);
}

int file_own_lack(int error)
{
    return error == -ENOMEM || error == -EMFILE || error == -ENFILE ? error : 0;
}
