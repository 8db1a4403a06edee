/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void tree_make(struct tree *tree)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(tree->root, sizeof(tree->root), "%s/drcl-host.XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(tree->root));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void tree_remove(struct tree *tree)
{
    nftw(tree->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void whole_path(const struct tree *tree, const char *path, char out[PATH_MAX])
{
    ck_assert_int_lt(snprintf(out, PATH_MAX, "%s%s", tree->root, path), PATH_MAX);
}

static void make_directories(const struct tree *tree, const char *path)
{
    char whole[PATH_MAX];

    whole_path(tree, path, whole);
    for (char *at = whole + strlen(tree->root) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(whole, 0755);
        *at = '/';
    }
}

void tree_write_bytes(const struct tree *tree, const char *path, const void *bytes, size_t len)
{
    char whole[PATH_MAX];
    int fd;

    make_directories(tree, path);
    whole_path(tree, path, whole);
    fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

void tree_write(const struct tree *tree, const char *path, const char *format, ...)
{
    char text[8192];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    ck_assert_int_lt(n, (int)sizeof(text));
    tree_write_bytes(tree, path, text, (size_t)n);
}

void tree_link(const struct tree *tree, const char *path, const char *target)
{
    char whole[PATH_MAX];

    make_directories(tree, path);
    whole_path(tree, path, whole);
    ck_assert_int_eq(symlink(target, whole), 0);
}

void tree_unlink(const struct tree *tree, const char *path)
{
    char whole[PATH_MAX];

    whole_path(tree, path, whole);
    ck_assert_int_eq(unlink(whole), 0);
}

void tree_status(const struct tree *tree, pid_t pid, unsigned int uid, const char *more)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    tree_write(tree, path, "Name:\tqemu\nUmask:\t0022\nUid:\t%u\t%u\t%u\t%u\n%s", uid, uid, uid, uid, more);
}

void tree_process(const struct tree *tree, pid_t pid, unsigned int start_time, const char *comm, const char *cgroup,
                  const char *const *words)
{
    char path[64], text[4096];
    size_t len = 0;

    for (; *words; words++) {
        size_t n = strlen(*words) + 1;

        ck_assert_uint_le(len + n, sizeof(text));
        memcpy(text + len, *words, n);
        len += n;
    }
    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    tree_write_bytes(tree, path, text, len);
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    tree_write(tree, path, "%.15s\n", comm);
    snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
    tree_write(tree, path, "0::%s\n", cgroup);
    tree_status(tree, pid, 0, "");
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    tree_write(tree, path, "%d (%.15s) S 1 1 1 0 -1 4194560 900 0 7 0 1 1 0 0 20 0 4 0 %u 1 1 0\n", (int)pid, comm,
               start_time);
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    tree_write(tree, path, "Name:\t%.15s\nUid:\t0\t0\t0\t0\n", comm);
}

void tree_exit(const struct tree *tree, pid_t pid)
{
    char whole[PATH_MAX], path[32];

    snprintf(path, sizeof(path), "/proc/%d", (int)pid);
    whole_path(tree, path, whole);
    nftw(whole, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
