/* SPDX-License-Identifier: MIT */
/* The readers of kernel files: their parsers, and the files themselves below a root directory of the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "life.h"
#include "root.h"
#include "sys/iomem.h"
#include "sys/maps.h"
#include "sys/meminfo.h"
#include "sys/process.h"
#include "sys/psi.h"

static struct root root;

TEST(test_meminfo)
{
    struct drcl_meminfo info;
    uint32_t permille;

    root_open(&root);
    ck_assert_int_eq(drcl_meminfo_free_permille(&root.env, &permille), -ENOENT);
    says(root.env.error, "/proc/meminfo");
    root_put(
        &root, "/proc/meminfo",
        "MemTotal:        8000 kB\nMemFree:         1999 kB\nMemAvailable: 1 kB\nSwapTotal: 100 kB\nSwapFree: 60 kB\n");
    ck_assert_int_eq(drcl_meminfo_free_permille(&root.env, &permille), 0);
    ck_assert_uint_eq(permille, 249); /* of whole pages, rounded down */
    ck_assert_int_eq(drcl_meminfo_read(&root.env, &info), 0);
    ck_assert_uint_eq(info.swap_free, 60 * 1024);
    root_put(&root, "/proc/meminfo", "MemTotal: 8000 kB\n");
    ck_assert_int_eq(drcl_meminfo_free_permille(&root.env, &permille), -EINVAL);
    root_put(&root, "/proc/meminfo", "MemTotal: 8000 kB\nMemFree: 9000 kB\n");
    ck_assert_int_eq(drcl_meminfo_free_permille(&root.env, &permille), -EINVAL);
    root_put(&root, "/proc/meminfo", "MemTotal: 99999999999999999999 kB\nMemFree: 9000 kB\n");
    ck_assert_int_eq(drcl_meminfo_free_permille(&root.env, &permille), -EINVAL);
    root_close(&root);
}

TEST(test_psi)
{
    uint64_t us = 0;

    root_open(&root);
    ck_assert_int_eq(drcl_psi_some_us(&root.env, &us), -ENOENT);
    says(root.env.error, "CONFIG_PSI");
    root_put(&root, "/proc/pressure/memory",
             "some avg10=0.00 avg60=0.10 avg300=0.00 total=81716\nfull avg10=0.00 total=3\n");
    ck_assert_int_eq(drcl_psi_some_us(&root.env, &us), 0);
    ck_assert_uint_eq(us, 81716);
    root_put(&root, "/proc/pressure/memory", "full avg10=0.00 total=3\n");
    ck_assert_int_eq(drcl_psi_some_us(&root.env, &us), -EINVAL);
    root_put(&root, "/proc/pressure/memory", "some total=\n");
    ck_assert_int_eq(drcl_psi_some_us(&root.env, &us), -EINVAL);
    root_close(&root);
}

static void put_stat(pid_t pid, const char *name, char state, const char *flags)
{
    char path[64], text[256];

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    snprintf(text, sizeof(text), "%d (%s) %c 1 1 1 0 -1 %s 1 2 3 4 5 6 7 8 20 0 1 0 4711 1 1\n", (int)pid, name, state,
             flags);
    root_put(&root, path, text);
}

TEST(test_process)
{
    struct drcl_process_stat info;

    root_open(&root);
    ck_assert_int_eq(drcl_process_check(&root.env, 0), -EINVAL);
    ck_assert_int_eq(drcl_process_check(&root.env, -7), -EINVAL);
    ck_assert_int_eq(drcl_process_check(&root.env, getpid()), -EPERM);
    ck_assert_int_eq(drcl_process_check(&root.env, 100), -ESRCH);
    says(root.env.error, "100");
    put_stat(100, "a) R 1 (b", 'S', "4194304");
    ck_assert_int_eq(drcl_process_check(&root.env, 100), 0);
    ck_assert_int_eq(drcl_process_stat(&root.env, 100, &info), 0);
    ck_assert_int_eq(info.state, 'S');
    ck_assert_uint_eq(info.start_ticks, 4711);
    put_stat(100, "kworker", 'I', "69238880");
    ck_assert_int_eq(drcl_process_check(&root.env, 100), -EPERM);
    says(root.env.error, "kernel thread");
    put_stat(100, "dead", 'Z', "4194304");
    ck_assert_int_eq(drcl_process_check(&root.env, 100), -ESRCH);
    put_stat(100, "thread", 'S', "4194304");
    root_put(&root, "/proc/100/status", "Name:\tthread\nTgid:\t99\nPid:\t100\n");
    ck_assert_int_eq(drcl_process_check(&root.env, 100), -EINVAL);
    says(root.env.error, "99");
    root_put(&root, "/proc/100/stat", "100 (cut) S 1 1");
    ck_assert_int_eq(drcl_process_check(&root.env, 100), -EINVAL);
    root_put(&root, "/proc/100/stat", "");
    ck_assert_int_eq(drcl_process_check(&root.env, 100), -EINVAL);
    root_close(&root);
}

TEST(test_process_cpu)
{
    uint64_t ns = 7, ticks = (uint64_t)sysconf(_SC_CLK_TCK);

    root_open(&root);
    ck_assert_int_eq(drcl_process_cpu_ns(&root.env, 100, &ns), -ESRCH);
    ck_assert_uint_eq(ns, 7);
    put_stat(100, "kdamond.0", 'S', "69238880");
    ck_assert_int_eq(drcl_process_cpu_ns(&root.env, 100, &ns), 0);
    ck_assert_uint_eq(ns, 11 * (UINT64_C(1000000000) / ticks));
    root_put(&root, "/proc/100/schedstat", "123456789 5 6\n");
    ck_assert_int_eq(drcl_process_cpu_ns(&root.env, 100, &ns), 0);
    ck_assert_uint_eq(ns, 123456789);
    root_close(&root);
}

TEST(test_maps_line)
{
    static const char *const bad[] = {
        "",
        "-",
        "1000",
        "1000-",
        "1000-2000",
        "1000-2000 rw-p",
        "1000-2000 rwxq 0 0:0 0",
        "2000-1000 rw-p 0 0:0 0",
        "1000-1000 rw-p 0 0:0 0",
        "g-2000 rw-p 0 0:0 0",
        "1000-11112222333344445 rw-p 0 0:0 0",
        "1000-2000 rw-p 0 0-0 0",
        "1000-2000 rw-p 0 0:0 x",
    };
    static const char line[] = "7f1c2a000000-7f1c2a021000 r-xs 00001000 fe:01 4242     /usr/lib/a b.so (deleted)";
    struct drcl_mapping m;

    ck_assert_int_eq(drcl_maps_parse_line(line, strlen(line), &m), 0);
    ck_assert_uint_eq(m.start, 0x7f1c2a000000);
    ck_assert_uint_eq(m.end, 0x7f1c2a021000);
    ck_assert_uint_eq(m.offset, 0x1000);
    ck_assert_uint_eq(m.inode, 4242);
    ck_assert_uint_eq(m.flags, DRCL_MAPPING_READ | DRCL_MAPPING_EXEC | DRCL_MAPPING_SHARED);
    ck_assert_int_eq(strncmp(m.path, "/usr/lib/a b.so (deleted)", m.path_len), 0);
    for (size_t i = 0; i < NUMBER_OF(bad); i++)
        ck_assert_msg(drcl_maps_parse_line(bad[i], strlen(bad[i]), &m) == -EINVAL, "%s", bad[i]);
    for (size_t len = 0; len < 38; len++) /* cut anywhere: refused, and nothing read beyond the end */
        drcl_maps_parse_line(line, len, &m);
}

static int count(void *data, const struct drcl_mapping *mapping)
{
    uint64_t *sum = data;

    *sum += mapping->start;
    return mapping->start == 0xbad000 ? -ECANCELED : 0;
}

/* Buffers so small that lines are cut anywhere, also in a path that never fits. */
TEST(test_maps_walk)
{
    static const char text[] =
        "1000-2000 rw-p 0 0:0 0\n2000-3000 rw-p 0 0:0 0   /a/path/that/is/longer/than/the/buffer/is/"
        "and/then/some/more/of/it/and/more\n4000-5000 rw-p 0 0:0 0\n8000-9000 rw-p 0 0:0 0";
    char buf[256];

    root_open(&root);
    root_put(&root, "/proc/7/maps", text);
    for (size_t size = 40; size <= sizeof(buf); size++) {
        int fd = drcl_open(&root.env, O_RDONLY, "/proc/7/maps");
        uint64_t sum = 0;

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(drcl_maps_walk(&root.env, fd, buf, size, count, &sum), 0);
        ck_assert_uint_eq(sum, 0x1000 + 0x2000 + 0x4000 + 0x8000);
        drcl_close(&root.env, fd);
    }
    root_put(&root, "/proc/7/maps", "1000-2000 rw-p 0 0:0 0\nbad000-bae000 rw-p 0 0:0 0\nnonsense\n");
    for (int i = 0; i < 2; i++) {
        int fd = drcl_open(&root.env, O_RDONLY, "/proc/7/maps");
        uint64_t sum = 0;

        ck_assert_int_eq(drcl_maps_walk(&root.env, fd, buf, sizeof(buf), count, &sum), i ? -EINVAL : -ECANCELED);
        drcl_close(&root.env, fd);
        root_put(&root, "/proc/7/maps", "1000-2000 rw-p 0 0:0 0\nnonsense\n");
    }
    root_close(&root);
}

/* Parses a text of /proc/iomem with room for three ranges. */
static size_t parse_iomem(const char *text, int wanted, struct damon_reclaim_range ranges[3])
{
    size_t n = 77;

    ck_assert_int_eq(drcl_iomem_parse(text, strlen(text), ranges, 3, &n), wanted);
    return n;
}

TEST(test_iomem)
{
    /* The second and third range touch, so they are one. */
    static const char ram[] =
        "00001000-0009fbff : System RAM\n00100000-001fffff : System RAM\n  00180000-001bffff : System RAM\n"
        "00200000-002fffff : System RAM\n00300000-003fffff : System RAM cache\n";
    /* Memory that was plugged in is part of a device. */
    static const char plugged[] =
        "00100000-001fffff : System RAM\n  00180000-001bffff : Kernel code\n140000000-33fffffff : virtio0\n"
        "  140000000-1bfffffff : System RAM (virtio_mem)\n  1c0000000-1c7ffffff : System RAM (virtio_mem)\n"
        "400000000-4ffffffff : dax0.0\n  400000000-4ffffffff : System RAM (kmem)\n";
    struct damon_reclaim_range ranges[3];
    char text[sizeof(ram)];
    size_t n;

    ck_assert_uint_eq(parse_iomem(ram, 0, ranges), 2);
    ck_assert_uint_eq(ranges[0].end, 0x9fc00);
    ck_assert_uint_eq(ranges[1].start, 0x100000);
    ck_assert_uint_eq(ranges[1].end, 0x300000);
    ck_assert_int_eq(drcl_iomem_parse(ram, sizeof(ram) - 1, NULL, 0, &n), 0);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(parse_iomem(plugged, 0, ranges), 3);
    ck_assert_uint_eq(ranges[1].start, 0x140000000);
    ck_assert_uint_eq(ranges[1].end, 0x1c8000000);
    ck_assert_uint_eq(ranges[2].end, 0x500000000);
    parse_iomem("00100000-ffffffffffffffff : System RAM", 0, ranges);
    ck_assert_uint_eq(ranges[0].end, UINT64_MAX);
    parse_iomem("00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n", -EPERM, ranges); /* hidden */
    parse_iomem("00200000-002fffff : System RAM\n00100000-001fffff : System RAM\n", -EINVAL, ranges);
    parse_iomem("", -EINVAL, ranges);
    for (size_t len = 0; len < sizeof(ram); len++) { /* cut anywhere, or damaged: nothing is read beyond the end */
        drcl_iomem_parse(ram, len, ranges, 2, &n);
        memcpy(text, ram, sizeof(ram));
        text[len] ^= 0x15;
        drcl_iomem_parse(text, sizeof(text), ranges, 2, &n);
    }
}

/* Without frames, descending, and in random orders. */
enum { EMPTY, DESCENDING, RANDOM, NR_ORDERS };

TEST_CASES(test_frames, NR_ORDERS + 1)
{
    struct drcl_frame frames[3000];
    uint64_t state = (uint64_t)_i + 1;
    size_t n = _i == EMPTY ? 0 : 3000;

    for (size_t i = 0; i < n; i++) {
        state = state * UINT64_C(6364136223846793005) + 1;
        frames[i] = (struct drcl_frame){.pfn = _i == DESCENDING ? n - i : state >> 44, .index = (uint32_t)i};
    }
    drcl_frames_sort(frames, n);
    for (size_t i = 1; i < n; i++)
        if (frames[i - 1].pfn > frames[i].pfn)
            ck_abort_msg("not sorted at %zu", i);
}
