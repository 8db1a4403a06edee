/* SPDX-License-Identifier: MIT */
#include "root.h"

#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system.h"

/* --- calls -------------------------------------------------------------------------------------------------------- */

static int called(struct root *root)
{
    root->nr_calls++;
    if (root->hook)
        root->hook(root);
    return root->nr_calls == root->fail_call ? root->fail_error : 0;
}

static int root_sys_open(void *data, const char *path, int flags)
{
    struct root *root = data;
    int r = called(root), fd = r ? r : root->real.open(NULL, path, flags);

    root->nr_open += fd >= 0;
    return fd;
}

static int root_sys_close(void *data, int fd)
{
    struct root *root = data;

    root->nr_open--;
    return root->real.close(NULL, fd);
}

static ssize_t root_sys_pread(void *data, int fd, void *buf, size_t len, uint64_t offset)
{
    struct root *root = data;
    int r = called(root);

    return r ? r : root->real.pread(NULL, fd, buf, len, offset);
}

static ssize_t root_sys_pwrite(void *data, int fd, const void *buf, size_t len, uint64_t offset)
{
    struct root *root = data;
    int r = called(root);

    return r ? r : root->real.pwrite(NULL, fd, buf, len, offset);
}

static ssize_t root_sys_getdents(void *data, int fd, void *buf, size_t len)
{
    struct root *root = data;
    ssize_t n = called(root);

    if (n == 0)
        n = root->real.getdents(NULL, fd, buf, len);
    for (ssize_t at = 0; root->hide_types && at < n;) {
        struct dirent64 *entry = (struct dirent64 *)((char *)buf + at);

        entry->d_type = DT_UNKNOWN;
        at += entry->d_reclen;
    }
    return n;
}

static int root_sys_inode(void *data, int fd, uint64_t *ret_inode)
{
    struct root *root = data;
    int r = called(root);

    return r ? r : root->real.inode(NULL, fd, ret_inode);
}

/* --- the directory ------------------------------------------------------------------------------------------------ */

void root_open(struct root *root)
{
    static const struct damon_reclaim_system_ops ops = {.size = sizeof(ops),
                                                        .open = root_sys_open,
                                                        .close = root_sys_close,
                                                        .pread = root_sys_pread,
                                                        .pwrite = root_sys_pwrite,
                                                        .getdents = root_sys_getdents,
                                                        .inode = root_sys_inode};
    const struct damon_reclaim_allocator allocator = counted_allocator(&root->memory);
    struct damon_reclaim_config config = {
        .size = sizeof(config), .root = root->path, .system_ops = &ops, .system_data = root, .allocator = &allocator};

    *root = (struct root){.path = "/tmp/drcl-fake-root.XXXXXX"};
    drcl_system_defaults(&root->real);
    ck_assert_ptr_nonnull(mkdtemp(root->path));
    ck_assert_int_eq(drcl_env_init(&root->env, &config), 0);
}

void root_close(struct root *root)
{
    root->hook = NULL;
    drcl_env_fini(&root->env);
    ck_assert_uint_eq(root->nr_open, 0);
    ck_assert_uint_eq(root->memory.nr_blocks, 0);
    root_remove(root, "");
}

static void whole_path(const struct root *root, const char *path, char whole[4096])
{
    if (snprintf(whole, 4096, "%s%s", root->path, path) >= 4096)
        ck_abort_msg("%s: too long", path);
}

/* The directories above the last slash. */
static void make_way(const struct root *root, char *whole)
{
    for (char *slash = whole + strlen(root->path) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(whole, 0700);
        *slash = '/';
    }
}

void root_put(struct root *root, const char *path, const char *text)
{
    char whole[4096];
    FILE *f;

    whole_path(root, path, whole);
    make_way(root, whole);
    f = fopen(whole, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

const char *root_get(struct root *root, const char *path)
{
    static char text[4096];
    char whole[4096];
    size_t n;
    FILE *f;

    whole_path(root, path, whole);
    f = fopen(whole, "r");
    ck_assert_ptr_nonnull(f);
    n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

void root_mkdir(struct root *root, const char *path)
{
    char whole[4096];

    whole_path(root, path, whole);
    make_way(root, whole);
    ck_assert_int_eq(mkdir(whole, 0700), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void root_remove(struct root *root, const char *path)
{
    char whole[4096];

    whole_path(root, path, whole);
    ck_assert_int_eq(nftw(whole, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

uint64_t root_inode(struct root *root, const char *path)
{
    char whole[4096];
    struct stat st;

    whole_path(root, path, whole);
    ck_assert_int_eq(stat(whole, &st), 0);
    return st.st_ino;
}
