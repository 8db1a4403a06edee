/* SPDX-License-Identifier: MIT */
#include "sys/directory.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

/* A record of getdents64(2), whose headers the C library does not have: inode and offset of eight bytes each, the
 * record's length of two, the type of one, the name with its NUL. */
#define AT_LENGTH 16
#define AT_TYPE   18
#define AT_NAME   19

void drcl_directory_begin(struct drcl_directory *dir, struct drcl_env *env, int fd)
{
    dir->env = env;
    dir->fd = fd;
    dir->at = dir->len = 0;
}

static int refill(struct drcl_directory *dir)
{
    ssize_t n;

    do
        n = drcl_getdents(dir->env, dir->fd, dir->buf, sizeof(dir->buf));
    while (n == -EINTR);
    if (n < 0)
        return (int)n;
    if ((size_t)n > sizeof(dir->buf))
        return -EIO;
    dir->at = 0;
    dir->len = (size_t)n;
    return n > 0;
}

/* The record at dir->at: its length, or -EIO. */
static int take(struct drcl_directory *dir, struct drcl_directory_entry *ret)
{
    const char *record = (const char *)dir->buf + dir->at;
    size_t rest = dir->len - dir->at;
    uint16_t length;

    if (rest <= AT_NAME)
        return -EIO;
    memcpy(&length, record + AT_LENGTH, sizeof(length));
    if (length <= AT_NAME || length > rest || !memchr(record + AT_NAME, '\0', length - AT_NAME))
        return -EIO;
    ret->name = record + AT_NAME;
    ret->may_be_directory = record[AT_TYPE] == DT_DIR || record[AT_TYPE] == DT_UNKNOWN;
    return length;
}

int drcl_directory_next(struct drcl_directory *dir, struct drcl_directory_entry *ret)
{
    struct drcl_directory_entry entry;
    int r;

    do {
        if (dir->at == dir->len) {
            r = refill(dir);
            if (r <= 0)
                return r;
        }
        r = take(dir, &entry);
        if (r < 0)
            return r;
        dir->at += (size_t)r;
    } while (!strcmp(entry.name, ".") || !strcmp(entry.name, ".."));
    *ret = entry;
    return 1;
}
