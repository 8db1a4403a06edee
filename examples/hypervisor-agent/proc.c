/* SPDX-License-Identifier: MIT */
#include "proc.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/foreign.h"

static int prefixed(const char *root, const char *path, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s%s", root ? root : "", path);

    return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int host_read_file(const char *root, const char *path, char **ret_text, size_t *ret_len)
{
    char whole[PATH_MAX];
    int r = prefixed(root, path, whole);

    return r < 0 ? r : foreign_read(whole, ret_text, ret_len);
}

int host_read_proc(const char *root, pid_t pid, const char *name, char **ret_text, size_t *ret_len)
{
    char path[64];
    int r;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    r = host_read_file(root, path, ret_text, ret_len);
    return r == -ENOENT ? -ESRCH : r;
}

int host_read_begin(const char *root, pid_t pid, const char *name, char *buf, size_t size)
{
    char path[64], whole[PATH_MAX];
    int r;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    r = prefixed(root, path, whole);
    if (r == 0)
        r = foreign_read_begin(whole, buf, size);
    return r == -ENOENT ? -ESRCH : r;
}

bool host_read_exe(const char *root, pid_t pid, char *path, size_t size)
{
    char link[64], whole[PATH_MAX];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
    if (prefixed(root, link, whole) < 0)
        return false;
    n = readlink(whole, path, size - 1);
    if (n < 0)
        return false;
    path[n] = '\0';
    return true;
}

DIR *host_open_directory(const char *root, const char *path)
{
    char whole[PATH_MAX];
    int r = prefixed(root, path, whole);

    if (r < 0) {
        errno = -r;
        return NULL;
    }
    return opendir(whole);
}

pid_t host_parse_pid(const char *text)
{
    long long value;
    char *end;

    if (*text < '0' || *text > '9')
        return 0;
    errno = 0;
    value = strtoll(text, &end, 10);
    return errno || *end || value > INT_MAX ? 0 : (pid_t)value;
}

int host_parse_stat(const char *text, struct host_stat *ret)
{
    /* The name of the program is in brackets and may contain any character. Fields 3 and following come after the last
     * bracket. */
    const char *rest = strrchr(text, ')');

    if (!rest || sscanf(rest + 1,
                        " %*c %*d %*d %*d %*d %*d %*u %*u %*u %" SCNu64 " %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
                        &ret->major_faults, &ret->start_time) != 2)
        return -EINVAL;
    return 0;
}

int host_parse_statm(const char *text, uint64_t page_size, uint64_t *ret_resident)
{
    uint64_t pages;

    if (sscanf(text, "%*u %" SCNu64, &pages) != 1)
        return -EINVAL;
    *ret_resident = pages * page_size;
    return 0;
}
