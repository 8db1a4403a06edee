/* SPDX-License-Identifier: MIT */
/* Which mappings are the guest's memory, on layouts as the monitors make them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest_ram.h"
#include "suite.h"
#include "usage.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static int find(const char *text, uint64_t told, struct host_ram *ram)
{
    char *copy = strdup(text);
    struct host_mapping *mappings;
    size_t n;
    int r;

    ck_assert_int_eq(host_parse_mappings(copy, &mappings, &n), 0);
    r = host_guest_ram(mappings, n, told, ram);
    free(mappings);
    free(copy);
    return r;
}

#define QEMU_PROGRAM                                                                                                   \
    "55d0c8a00000-55d0c8d00000 r--p 00000000 fe:01 131 /usr/bin/qemu-system-x86_64\n"                                  \
    "55d0c8d00000-55d0c9400000 r-xp 00300000 fe:01 131 /usr/bin/qemu-system-x86_64\n"                                  \
    "55d0c9a00000-55d0ca000000 rw-p 01000000 fe:01 131 /usr/bin/qemu-system-x86_64\n"                                  \
    "55d0cb000000-55d0cc900000 rw-p 00000000 00:00 0   [heap]\n"

#define QEMU_REST                                                                                                      \
    "7f10c0000000-7f10c0a3c000 rw-p 00000000 00:00 0 \n"                                                               \
    "7f10c0a3c000-7f10c4000000 ---p 00000000 00:00 0 \n"                                                               \
    "7f10d0e00000-7f10d1e00000 rw-p 00000000 00:00 0 \n" /* the video card's 16 MiB */                                 \
    "7f10f1200000-7f10f1201000 ---p 00000000 00:00 0 \n"                                                               \
    "7f10f1201000-7f10f1a01000 rw-p 00000000 00:00 0 \n" /* a stack */                                                 \
    "7f10f2000000-7f10f2028000 r--p 00000000 fe:01 77 /usr/lib/x86_64-linux-gnu/libc.so.6\n"                           \
    "7f10f2300000-7f10f2303000 rw-s 00000000 00:0e 9 anon_inode:kvm-vcpu:0\n"                                          \
    "7ffd1b000000-7ffd1b021000 rw-p 00000000 00:00 0   [stack]\n"                                                      \
    "7ffd1b1f4000-7ffd1b1f8000 r--p 00000000 00:00 0   [vvar]\n"

START_TEST(test_qemu_anonymous)
{
    struct host_ram ram;

    ck_assert_int_eq(find(QEMU_PROGRAM "7f1020000000-7f10a0000000 rw-p 00000000 00:00 0 \n" QEMU_REST, 2 * GIB, &ram),
                     0);
    ck_assert_uint_eq(ram.n, 1);
    ck_assert_uint_eq(ram.ranges[0].start, 0x7f1020000000);
    ck_assert_uint_eq(ram.ranges[0].end, 0x7f10a0000000);
    ck_assert_int_eq(ram.kind, HOST_RAM_ANON);
    ck_assert_int_eq(ram.as_told, true);
    /* The same when the command line does not tell. */
    ck_assert_int_eq(find(QEMU_PROGRAM "7f1020000000-7f10a0000000 rw-p 00000000 00:00 0 \n" QEMU_REST, 0, &ram), 0);
    ck_assert_uint_eq(ram.n, 1);
    ck_assert_uint_eq(ram.bytes, 2 * GIB);
    ck_assert_int_eq(ram.as_told, false);
}
END_TEST

/* A small guest is larger than the video card's memory and the stacks, and these are not taken for a part of it. */
START_TEST(test_qemu_small)
{
    struct host_ram ram;

    ck_assert_int_eq(find(QEMU_PROGRAM "7f1020000000-7f1026400000 rw-p 00000000 00:00 0 \n" QEMU_REST, 0, &ram), 0);
    ck_assert_uint_eq(ram.n, 1);
    ck_assert_uint_eq(ram.bytes, 100 * MIB);
}
END_TEST

/* vhost-user guests have shared memory with a name; mbind() has split it. */
START_TEST(test_qemu_memfd)
{
    struct host_ram ram;

    ck_assert_int_eq(
        find(QEMU_PROGRAM
             "7f0fe0000000-7f1020000000 rw-s 00000000 00:01 2056 /memfd:memory-backend-memfd (deleted)\n"
             "7f1020000000-7f1060000000 rw-s 40000000 00:01 2056 /memfd:memory-backend-memfd (deleted)\n" QEMU_REST,
             0, &ram),
        0);
    ck_assert_uint_eq(ram.n, 1);
    ck_assert_uint_eq(ram.bytes, 2 * GIB);
    ck_assert_int_eq(ram.kind, HOST_RAM_MEMFD);
}
END_TEST

/* Two NUMA nodes, each a mapping of its own, and a persistent-memory device that is larger than both. */
START_TEST(test_qemu_numa_and_nvdimm)
{
    struct host_ram ram;

    ck_assert_int_eq(find(QEMU_PROGRAM
                          "7f0000000000-7f0040000000 rw-s 00000000 00:01 20 /dev/shm/qemu-ram-0 (deleted)\n"
                          "7f0080000000-7f00c0000000 rw-s 00000000 00:01 21 /dev/shm/qemu-ram-1 (deleted)\n"
                          "7f0100000000-7f0200000000 rw-s 00000000 fe:01 99 /var/lib/pmem.img\n" QEMU_REST,
                          2 * GIB, &ram),
                     0);
    ck_assert_uint_eq(ram.n, 2);
    ck_assert_int_eq(ram.kind, HOST_RAM_SHM);
    ck_assert_uint_eq(ram.ranges[0].start, 0x7f0000000000);
    ck_assert_uint_eq(ram.ranges[1].start, 0x7f0080000000);
    ck_assert_int_eq(ram.as_told, true);
}
END_TEST

START_TEST(test_qemu_hugetlb)
{
    struct host_ram ram;

    ck_assert_int_eq(find(QEMU_PROGRAM "7f0fe0000000-7f1060000000 rw-s 00000000 00:1c 41 "
                                       "/dev/hugepages/libvirt/qemu/1-web/pc.ram (deleted)\n" QEMU_REST,
                          2 * GIB, &ram),
                     0);
    ck_assert_int_eq(ram.kind, HOST_RAM_HUGETLB);
}
END_TEST

/* cloud-hypervisor: a piece below the hole at 3 GiB and one above 4 GiB, shared or not. */
START_TEST(test_cloud_hypervisor)
{
    static const char *const maps = "5581a6e00000-5581a7200000 r-xp 00000000 fe:01 50 /usr/bin/cloud-hypervisor\n"
                                    "5581a8b00000-5581a8c00000 rw-p 00000000 00:00 0   [heap]\n"
                                    "7e8000000000-7e8f40000000 rw-s c0000000 00:01 31 /memfd:ch_ram (deleted)\n"
                                    "7e9000000000-7e90c0000000 rw-s 00000000 00:01 31 /memfd:ch_ram (deleted)\n"
                                    "7e9100000000-7e9100200000 rw-p 00000000 00:00 0 \n";
    struct host_ram ram;

    for (uint64_t told = 0; told <= 64 * GIB; told += 64 * GIB) {
        ck_assert_int_eq(find(maps, told, &ram), 0);
        ck_assert_uint_eq(ram.n, 2);
        ck_assert_uint_eq(ram.bytes, 64 * GIB);
        ck_assert_int_eq(ram.as_told, told > 0);
    }
}
END_TEST

/* Firecracker: anonymous memory, or a snapshot's file mapped privately; its pages are written to, so they are its own.
 */
START_TEST(test_firecracker)
{
    struct host_ram ram;

    ck_assert_int_eq(find("55f000000000-55f000300000 r-xp 00000000 fe:01 50 /firecracker\n"
                          "7f7340000000-7f7348000000 rw-p 00000000 00:00 0 \n"
                          "7f7348000000-7f7348001000 ---p 00000000 00:00 0 \n"
                          "7f734a000000-7f734a003000 rw-s 00000000 00:0e 9 anon_inode:kvm-vcpu:0\n",
                          0, &ram),
                     0);
    ck_assert_uint_eq(ram.bytes, 128 * MIB);
    ck_assert_int_eq(ram.kind, HOST_RAM_ANON);
    ck_assert_int_eq(find("55f000000000-55f000300000 r-xp 00000000 fe:01 50 /firecracker\n"
                          "7f7340000000-7f7348000000 rw-p 00000000 fe:01 70 /snapshot/mem\n"
                          "7f734a000000-7f734a400000 rw-p 00000000 00:00 0 \n",
                          0, &ram),
                     0);
    ck_assert_uint_eq(ram.bytes, 128 * MIB);
    ck_assert_int_eq(ram.kind, HOST_RAM_FILE);
}
END_TEST

/* A monitor that has just begun. */
START_TEST(test_none_yet)
{
    struct host_ram ram;

    ck_assert_int_eq(find(QEMU_PROGRAM, 2 * GIB, &ram), -ENOENT);
    ck_assert_int_eq(find("", 0, &ram), -ENOENT);
}
END_TEST

/* What the command line tells need not be there: with a size that no pieces add up to, the largest count. */
START_TEST(test_told_wrong)
{
    struct host_ram ram;

    ck_assert_int_eq(find(QEMU_PROGRAM "7f1020000000-7f10a0000000 rw-p 00000000 00:00 0 \n" QEMU_REST, GIB, &ram), 0);
    ck_assert_uint_eq(ram.bytes, 2 * GIB);
    ck_assert_int_eq(ram.as_told, false);
}
END_TEST

/* More pieces than there is room for: what fits, ascending, without overlap. */
START_TEST(test_many_pieces)
{
    char text[16384] = "";
    struct host_ram ram;
    size_t len = 0;

    for (unsigned int i = 0; i < 100; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "7f%02x00000000-7f%02x20000000 rw-p 00000000 00:00 0 \n", i, i);
    ck_assert_int_eq(find(text, 0, &ram), 0);
    ck_assert_uint_eq(ram.n, HOST_RAM_MAX_RANGES);
    for (size_t i = 1; i < ram.n; i++)
        ck_assert_uint_lt(ram.ranges[i - 1].end, ram.ranges[i].start);
}
END_TEST

/* Of the ranges alone, and only what has the flag lies on hugetlb pages. */
START_TEST(test_smaps)
{
    static const struct damon_reclaim_range ranges[] = {{0x10000000, 0x10400000}, {0x20000000, 0x20200000}};
    struct host_smaps smaps;
    char text[] = "10000000-10200000 rw-s 00000000 00:10 9 /memfd:a (deleted)\nRss: 2048 kB\nVmFlags: rd wr sh de sd \n"
                  "10200000-10400000 rw-s 00200000 00:10 9 /memfd:a (deleted)\nRss: 4 kB\nVmFlags: rd wr de ht sd \n"
                  "18000000-18200000 rw-p 00000000 00:00 0\nRss: 100 kB\nVmFlags: rd wr ht\n"
                  "20000000-20200000 rw-p 00000000 00:00 0\nRss: 8 kB\nVmFlags: rd wr ac sd\n";

    host_parse_smaps(text, ranges, 2, &smaps);
    ck_assert_uint_eq(smaps.resident, (2048 + 4 + 8) * 1024);
    ck_assert_uint_eq(smaps.hugetlb, 2 * MIB);
    text[0] = '\0';
    host_parse_smaps(text, ranges, 2, &smaps);
    ck_assert_uint_eq(smaps.resident, 0);
    ck_assert_uint_eq(smaps.hugetlb, 0);
}
END_TEST

START_TEST(test_bad_maps)
{
    static const char *const bad[] = {"nonsense\n", "7f00-7f00 rw-p 0 0:0 0\n", "9000-8000 rw-p 0 0:0 0\n",
                                      "1000-2000 rw 0 0:0 0\n", "1000-2000\n"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct host_mapping *mappings;
        char text[64];
        size_t n;

        snprintf(text, sizeof(text), "%s", bad[i]);
        ck_assert_int_eq(host_parse_mappings(text, &mappings, &n), -EINVAL);
    }
}
END_TEST

static void fill(TCase *tcase)
{
    tcase_add_test(tcase, test_qemu_anonymous);
    tcase_add_test(tcase, test_qemu_small);
    tcase_add_test(tcase, test_qemu_memfd);
    tcase_add_test(tcase, test_qemu_numa_and_nvdimm);
    tcase_add_test(tcase, test_qemu_hugetlb);
    tcase_add_test(tcase, test_cloud_hypervisor);
    tcase_add_test(tcase, test_firecracker);
    tcase_add_test(tcase, test_none_yet);
    tcase_add_test(tcase, test_told_wrong);
    tcase_add_test(tcase, test_many_pieces);
    tcase_add_test(tcase, test_smaps);
    tcase_add_test(tcase, test_bad_maps);
}

int main(void)
{
    return run_suite("guest-ram", 30, fill);
}
