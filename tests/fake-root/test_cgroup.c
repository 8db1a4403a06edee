/* SPDX-License-Identifier: MIT */
/* Control groups: finding them by path and by inode number, walking the tree, asking one for its file pages. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "life.h"
#include "root.h"
#include "sys/cgroup.h"
#include "sys/kpagecgroup.h"
#include "sys/pids.h"

#define MOUNT "/sys/fs/cgroup"

static struct root root;

static const char *const cgroups[] = {"/", "/a", "/a/b", "/a/b/c", "/a/d", "/e"};
#define NR_CGROUPS (NUMBER_OF(cgroups))

static void set_up(void)
{
    root_open(&root);
    root_put(&root, MOUNT "/cgroup.controllers", "memory\n");
    for (size_t i = 1; i < NR_CGROUPS; i++) {
        char path[256];

        snprintf(path, sizeof(path), MOUNT "%s/memory.reclaim", cgroups[i]);
        root_put(&root, path, "");
    }
}

static void tear_down(void)
{
    root_close(&root);
}

/* --- the tree ----------------------------------------------------------------------------------------------------- */

TEST(test_inode)
{
    static const char *const ways[] = {"/a/b", "a/b", "/a/b/", "//a//b//", MOUNT "/a/b", "sys//fs/cgroup/a/b/"};
    static const char *const bad[] = {"/a/../e", "..", "/a/.", "./a", "/../.."};
    uint64_t inode = 7;
    char path[PATH_MAX + 8];

    set_up();
    for (size_t i = 0; i < NUMBER_OF(ways); i++) {
        ck_assert_int_eq(drcl_cgroup_inode(&root.env, ways[i], &inode), 0);
        ck_assert_uint_eq(inode, root_inode(&root, MOUNT "/a/b"));
    }
    ck_assert_int_eq(drcl_cgroup_inode(&root.env, "/", &inode), 0);
    ck_assert_uint_eq(inode, root_inode(&root, MOUNT));
    ck_assert_int_eq(drcl_cgroup_inode(&root.env, MOUNT "/", &inode), 0);
    ck_assert_uint_eq(inode, root_inode(&root, MOUNT));
    ck_assert_int_eq(drcl_cgroup_inode(&root.env, MOUNT "s/a", &inode), -ENOENT);
    inode = 7;
    for (size_t i = 0; i < NUMBER_OF(bad); i++) {
        root.env.error[0] = '\0';
        ck_assert_int_eq(drcl_cgroup_inode(&root.env, bad[i], &inode), -EINVAL);
        says(root.env.error, bad[i]);
    }
    ck_assert_int_eq(drcl_cgroup_inode(&root.env, "/a/nobody", &inode), -ENOENT);
    says(root.env.error, MOUNT "/a/nobody");
    ck_assert_int_eq(drcl_cgroup_inode(&root.env, "/a/memory.reclaim", &inode), -ENOENT); /* a file */
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    ck_assert_int_eq(drcl_cgroup_inode(&root.env, path, &inode), -ENAMETOOLONG);
    ck_assert_uint_eq(inode, 7);
    tear_down();
}

/* Of the first version, the hierarchy in which memory is charged. */
TEST(test_version_1)
{
    uint64_t inode;

    root_open(&root);
    ck_assert_int_eq(drcl_cgroup_inode(&root.env, "/", &inode), -ENOENT);
    root_mkdir(&root, MOUNT "/memory/a");
    root_mkdir(&root, MOUNT "/cpu/a");
    ck_assert_int_eq(drcl_cgroup_inode(&root.env, "/a", &inode), 0);
    ck_assert_uint_eq(inode, root_inode(&root, MOUNT "/memory/a"));
    ck_assert_int_eq(drcl_cgroup_inode(&root.env, MOUNT "/memory/a", &inode), 0);
    ck_assert_uint_eq(inode, root_inode(&root, MOUNT "/memory/a"));
    ck_assert_int_eq(drcl_cgroup_inode(&root.env, MOUNT "/a", &inode), 0);
    ck_assert_uint_eq(inode, root_inode(&root, MOUNT "/memory/a"));
    ck_assert_int_eq(drcl_cgroup_reclaim(&root.env, "/a", DRCL_CGROUP_FILE_PAGES, 4096), -EOPNOTSUPP);
    tear_down();
}

TEST_CASES(test_path, 2)
{
    char buf[64];

    set_up();
    root.hide_types = _i;
    for (size_t i = 0; i < NR_CGROUPS; i++) {
        char path[256];
        uint64_t inode;

        snprintf(path, sizeof(path), MOUNT "%s", cgroups[i]);
        inode = root_inode(&root, path);
        ck_assert_int_eq(drcl_cgroup_path(&root.env, inode, buf, sizeof(buf)), (int)strlen(cgroups[i]));
        ck_assert_str_eq(buf, cgroups[i]);
        memset(buf, 'x', sizeof(buf));
        ck_assert_int_eq(drcl_cgroup_path(&root.env, inode, buf, strlen(cgroups[i])), -EFBIG);
        ck_assert_int_eq(buf[0], 'x');
    }
    ck_assert_int_eq(drcl_cgroup_path(&root.env, root_inode(&root, MOUNT "/cgroup.controllers"), buf, sizeof(buf)),
                     -ENOENT);
    tear_down();
}

struct seen {
    unsigned int mask; /* of cgroups */
    size_t n, stop_at;
};

static int see(void *data, const char *path, uint64_t inode)
{
    struct seen *seen = data;
    char whole[256];

    for (size_t i = 0; i < NR_CGROUPS; i++) {
        if (strcmp(path, cgroups[i]) != 0)
            continue;
        snprintf(whole, sizeof(whole), MOUNT "%s", path);
        ck_assert_uint_eq(inode, root_inode(&root, whole));
        ck_assert_uint_eq(seen->mask & 1U << i, 0);
        if (i == 2 || i == 3) /* the upper one was there first */
            ck_assert_uint_ne(seen->mask & 1U << (i - 1), 0);
        seen->mask |= 1U << i;
    }
    return ++seen->n == seen->stop_at ? -ENOENT : 0;
}

TEST_CASES(test_walk, 2)
{
    struct seen seen = {0};

    set_up();
    root.hide_types = _i;
    ck_assert_int_eq(drcl_cgroup_walk(&root.env, "/", see, &seen), 0);
    ck_assert_uint_eq(seen.n, NR_CGROUPS);
    ck_assert_uint_eq(seen.mask, (1 << NR_CGROUPS) - 1);
    seen = (struct seen){.mask = 1};
    ck_assert_int_eq(drcl_cgroup_walk(&root.env, "a/", see, &seen), 0);
    ck_assert_uint_eq(seen.n, 4);
    for (size_t stop_at = 1; stop_at <= NR_CGROUPS; stop_at++) {
        seen = (struct seen){.stop_at = stop_at};
        ck_assert_int_eq(drcl_cgroup_walk(&root.env, "/", see, &seen), -ENOENT);
        ck_assert_uint_eq(seen.n, stop_at);
    }
    seen = (struct seen){0};
    ck_assert_int_eq(drcl_cgroup_walk(&root.env, "/nobody", see, &seen), -ENOENT);
    ck_assert_int_eq(drcl_cgroup_walk(&root.env, "/a/..", see, &seen), -EINVAL);
    ck_assert_uint_eq(seen.n, 0);
    tear_down();
}

static int count(void *data, const char *path, uint64_t inode)
{
    (void)path, (void)inode;
    ++*(size_t *)data;
    return 0;
}

/* More than fits a buffer, and deeper than a stack of descriptors would go. */
TEST(test_large_tree)
{
    char path[2048] = MOUNT;
    size_t n = 0;

    set_up();
    for (int i = 0; i < 500; i++) {
        snprintf(path, sizeof(path), MOUNT "/wide/a-cgroup-with-a-name-%d", i);
        root_mkdir(&root, path);
    }
    strcpy(path, MOUNT);
    for (int i = 0; i < 100; i++)
        strcat(path, "/deep");
    root_mkdir(&root, path);
    ck_assert_int_eq(drcl_cgroup_walk(&root.env, "/", count, &n), 0);
    ck_assert_uint_eq(n, NR_CGROUPS + 501 + 100);
    tear_down();
}

static size_t change_at;

static void remove_at(struct root *r)
{
    if (r->nr_calls == change_at)
        root_remove(r, MOUNT "/a/b");
}

/* A cgroup goes away at any call of a walk. */
TEST(test_vanish)
{
    for (change_at = 1;; change_at++) {
        struct seen seen = {0};

        set_up();
        root.nr_calls = 0;
        root.hook = remove_at;
        ck_assert_int_eq(drcl_cgroup_walk(&root.env, "/", count, &seen.n), 0);
        ck_assert_uint_ge(seen.n, NR_CGROUPS - 2);
        tear_down();
        if (root.nr_calls < change_at)
            break;
    }
    ck_assert_uint_gt(change_at, 10);
}

static const int errors[] = {-EIO, -ENOMEM, -EMFILE, -EACCES};

TEST_CASES(test_walk_fails, NUMBER_OF(errors))
{
    bool reached = true;
    size_t i;

    for (i = 2; reached; i++) { /* the first one only asks for the version */
        struct seen seen = {0};
        int r;

        set_up();
        root.nr_calls = 0;
        root.fail_call = i;
        root.fail_error = errors[_i];
        r = drcl_cgroup_walk(&root.env, "/", see, &seen);
        reached = root.nr_calls >= i;
        ck_assert_int_eq(r, reached ? errors[_i] : 0);
        ck_assert_int_eq(root.env.error[0] != '\0', reached);
        tear_down();
    }
    ck_assert_uint_gt(i, 20);
}

TEST(test_walk_without_memory)
{
    bool reached = true;

    for (size_t i = 1; reached; i++) {
        char path[300];
        size_t n = 0;
        int r;

        set_up();
        for (int k = 0; k < 40; k++) {
            snprintf(path, sizeof(path), MOUNT "/%0200d", k);
            root_mkdir(&root, path);
        }
        root.memory.nr_calls = 0;
        root.memory.fail_at = i;
        r = drcl_cgroup_walk(&root.env, "/", count, &n);
        reached = root.memory.nr_calls >= i;
        ck_assert_int_eq(r, reached ? -ENOMEM : 0);
        if (!reached)
            ck_assert_uint_gt(i, 2);
        tear_down();
    }
}

/* --- memory.reclaim ----------------------------------------------------------------------------------------------- */

TEST(test_reclaim)
{
    set_up();
    root.hide_types = false;
    ck_assert_int_eq(drcl_cgroup_reclaim(&root.env, "a/d", DRCL_CGROUP_FILE_PAGES, 1 << 20), 0);
    ck_assert_str_eq(root_get(&root, MOUNT "/a/d/memory.reclaim"), "1048576 swappiness=0");
    ck_assert_int_eq(drcl_cgroup_reclaim(&root.env, "/a/b", DRCL_CGROUP_FILE_PAGES, 4096),
                     -EOPNOTSUPP); /* /a/b/c would suffer */
    ck_assert_str_eq(root_get(&root, MOUNT "/a/b/memory.reclaim"), "");
    ck_assert_int_eq(drcl_cgroup_reclaim(&root.env, "/", DRCL_CGROUP_FILE_PAGES, 4096), -EOPNOTSUPP);
    ck_assert_int_eq(drcl_cgroup_reclaim(&root.env, "/../a", DRCL_CGROUP_FILE_PAGES, 4096), -EINVAL);
    ck_assert_int_eq(drcl_cgroup_reclaim(&root.env, "/nobody", DRCL_CGROUP_FILE_PAGES, 4096), -ENOENT);
    root_remove(&root, MOUNT "/e/memory.reclaim");
    root.env.error[0] = '\0';
    ck_assert_int_eq(drcl_cgroup_reclaim(&root.env, "/e", DRCL_CGROUP_FILE_PAGES, 4096), -EOPNOTSUPP);
    ck_assert_str_eq(root.env.error, "");
    tear_down();
}

/* What a kernel without the key says, one that got less, one whose cgroup is gone; an interruption; and the unexpected.
 */
TEST(test_reclaim_answers)
{
    static const struct {
        int error, result;
        bool text;
    } answers[] = {{-EINVAL, -EOPNOTSUPP, false},
                   {-EAGAIN, -EAGAIN, false},
                   {-ENODEV, -ENOENT, false},
                   {-EINTR, 0, false},
                   {-EIO, -EIO, true},
                   {-EPERM, -EPERM, true}};

    for (size_t i = 0; i < NUMBER_OF(answers); i++) {
        size_t calls;

        set_up();
        root.nr_calls = 0;
        ck_assert_int_eq(drcl_cgroup_reclaim(&root.env, "/e", DRCL_CGROUP_FILE_PAGES, 4096), 0);
        calls = root.nr_calls; /* the last one is the write */
        root.nr_calls = 0;
        root.fail_call = calls;
        root.fail_error = answers[i].error;
        ck_assert_int_eq(drcl_cgroup_reclaim(&root.env, "/e", DRCL_CGROUP_FILE_PAGES, 4096), answers[i].result);
        ck_assert_int_eq(root.env.error[0] != '\0', answers[i].text);
        tear_down();
    }
}

/* --- other files -------------------------------------------------------------------------------------------------- */

TEST(test_kpagecgroup)
{
    struct drcl_frame_file file;
    uint64_t inodes[512];
    char text[101];

    root_open(&root);
    ck_assert_int_eq(drcl_kpagecgroup_open(&file, &root.env), -ENOENT);
    says(root.env.error, "CONFIG_MEMCG");
    for (size_t i = 0; i < 100; i++)
        text[i] = (char)('a' + i / 8); /* of each frame its own; the last one is cut */
    text[100] = '\0';
    root_put(&root, "/proc/kpagecgroup", text);
    root.fail_call = root.nr_calls + 1;
    root.fail_error = -EACCES;
    ck_assert_int_eq(drcl_kpagecgroup_open(&file, &root.env), -EPERM);
    ck_assert_int_eq(drcl_kpagecgroup_open(&file, &root.env), 0);
    ck_assert_int_eq(drcl_frame_file_read(&file, 3, 512, inodes), 0);
    ck_assert_uint_eq(inodes[0], UINT64_C(0x6464646464646464));
    ck_assert_uint_eq(inodes[8], UINT64_C(0x6c6c6c6c6c6c6c6c));
    for (size_t i = 9; i < 512; i++)
        ck_assert_uint_eq(inodes[i], 0);
    root.fail_call = root.nr_calls + 1;
    root.fail_error = -EIO;
    ck_assert_int_eq(drcl_frame_file_read(&file, 0, 1, inodes), -EIO);
    says(root.env.error, "/proc/kpagecgroup");
    drcl_frame_file_close(&file);
    tear_down();
}

TEST(test_pids)
{
    struct drcl_pids pids;
    uint64_t sum = 0;
    pid_t pid;
    int r;

    root_open(&root);
    ck_assert_int_eq(drcl_pids_open(&pids, &root.env), -ENOENT);
    says(root.env.error, "/proc");
    root_put(&root, "/proc/meminfo", "");
    root_mkdir(&root, "/proc/0");
    root_mkdir(&root, "/proc/12x");
    root_mkdir(&root, "/proc/99999999999");
    for (int i = 1; i <= 300; i++) {
        char path[32];

        snprintf(path, sizeof(path), "/proc/%d", i);
        root_mkdir(&root, path);
    }
    ck_assert_int_eq(drcl_pids_open(&pids, &root.env), 0);
    while ((r = drcl_pids_next(&pids, &pid)) > 0)
        sum += (uint64_t)pid;
    ck_assert_int_eq(r, 0);
    ck_assert_uint_eq(sum, 300 * 301 / 2);
    drcl_pids_close(&pids);
    for (int i = 0; i < 2; i++) { /* an interruption is ordinary */
        ck_assert_int_eq(drcl_pids_open(&pids, &root.env), 0);
        root.fail_call = root.nr_calls + 2;
        root.fail_error = i ? -EIO : -EINTR;
        do
            r = drcl_pids_next(&pids, &pid);
        while (r > 0);
        ck_assert_int_eq(r, i ? -EIO : 0);
        ck_assert_int_eq(strstr(root.env.error, "/proc cannot be listed") != NULL, i);
        drcl_pids_close(&pids);
    }
    tear_down();
}
