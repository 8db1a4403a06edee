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

/* @words: the command line of the monitor, between blanks. */
static int find(const char *words, const char *text, struct host_ram *ram)
{
    char *copy = strdup(text), *line = strdup(words);
    struct host_cmdline cmdline = {.text = line, .len = strlen(line) + 1};
    struct host_mapping *mappings;
    struct host_told told;
    size_t n;
    int r;

    for (char *c = line; *c; c++)
        *c = *c == ' ' ? '\0' : *c;
    host_told_read(&cmdline, NULL, 0, &told);
    ck_assert_int_eq(host_parse_mappings(copy, &mappings, &n), 0);
    r = host_guest_ram(mappings, n, &told, ram);
    free(mappings);
    free(copy);
    free(line);
    return r;
}

/* Some of the memory is left alone, because of what the note says. */
static void leaves(const char *words, const char *text, uint64_t taken, const char *note)
{
    struct host_ram ram;

    ck_assert_int_eq(find(words, text, &ram), 0);
    if (ram.bytes != taken || !strstr(ram.note, note))
        ck_abort_msg("%s: %llu MiB and \"%s\"", words, (unsigned long long)(ram.bytes >> 20), ram.note);
}

/* All of it is taken: just these ranges. */
static void takes(const char *words, const char *text, size_t n, const struct damon_reclaim_range *ranges)
{
    struct host_ram ram;

    ck_assert_int_eq(find(words, text, &ram), 0);
    if (ram.n != n || *ram.note || memcmp(ram.ranges, ranges, n * sizeof(*ranges)) != 0)
        ck_abort_msg("%s: %zu ranges, %llu MiB and \"%s\"", words, ram.n, (unsigned long long)(ram.bytes >> 20),
                     ram.note);
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

#define RANGES(...)                                                                                                    \
    (sizeof((const struct damon_reclaim_range[]){__VA_ARGS__}) / sizeof(struct damon_reclaim_range)),                  \
        (const struct damon_reclaim_range[])                                                                           \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define GUARD(start, end) start "-" end " ---p 00000000 00:00 0 \n"

TEST(test_qemu_anonymous)
{
    static const char *const maps = QEMU_PROGRAM "7f1020000000-7f10a0000000 rw-p 00000000 00:00 0 \n" QEMU_REST;
    static const char *const words[] = {"qemu -m 2G",
                                        "qemu -m 2048",
                                        "qemu --m 1G -m 2G",
                                        "qemu -m size=2097152k",
                                        ("qemu -machine pc,memory-backend=pc.ram -m 2048 -object "
                                         "{\"qom-type\":\"memory-backend-ram\",\"id\":\"pc.ram\",\"size\":2147483648}"),
                                        "qemu -object memory-backend-ram,id=r,size=2G -M pc,memory-backend=r"};
    struct host_ram ram;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        takes(words[i], maps, RANGES({0x7f1020000000, 0x7f10a0000000}));
    ck_assert_int_eq(find("qemu -m 2G", maps, &ram), 0);
    ck_assert_int_eq(ram.kind, HOST_RAM_ANON);
    ck_assert_uint_eq(ram.bytes, 2 * GIB);
    ck_assert_int_eq(ram.pinned, false);
}

/* A monitor whose command line has no size. The memory of QEMU has then the usual size, or nothing is certain. */
TEST(test_no_size)
{
    static const char *const maps = QEMU_PROGRAM "7f1020000000-7f10a0000000 rw-p 00000000 00:00 0 \n" QEMU_REST;
    static const char *const usual = "7f120be00000-7f1213e00000 rw-p 00000000 00:00 0 \n" GUARD(
        "7f1213e00000", "7f1213e01000") "7f1218000000-7f1257fff000 rwxp 00000000 00:00 0 \n";

    leaves("/usr/bin/qemu-system-x86_64 -nographic", maps, 0, "no mapping has the usual 128 MiB");
    leaves("my-monitor --name a", maps, 0, "its command line has no size");
    takes("/usr/bin/qemu-system-x86_64 -nographic", usual, RANGES({0x7f120be00000, 0x7f1213e00000}));
    takes("kvm", usual, RANGES({0x7f120be00000, 0x7f1213e00000}));
    takes("qemu-kvm -m 0.125G", usual, RANGES({0x7f120be00000, 0x7f1213e00000}));
    takes("qemu-kvm -m 1G -m 128", usual, RANGES({0x7f120be00000, 0x7f1213e00000}));
    leaves("qemu-kvm -m 1G", usual, 0, "no mapping has the 1024 MiB"); /* which only the code has */
    leaves("qemu-kvm -m much", usual, 0, "this is no size: -m much");
    leaves("qemu-kvm -m 0", usual, 0, "this is no size");
}

/* vhost-user guests have shared memory with a name; mbind() has split it. */
TEST(test_qemu_memfd)
{
    static const char *const maps =
        QEMU_PROGRAM "7f0fe0000000-7f1020000000 rw-s 00000000 00:01 2056 /memfd:memory-backend-memfd (deleted)\n"
                     "7f1020000000-7f1060000000 rw-s 40000000 00:01 2056 /memfd:memory-backend-memfd (deleted)\n"
                     "7f1060000000-7f10e0000000 rw-p 00000000 00:00 0 \n" QEMU_REST;
    struct host_ram ram;

    takes("qemu -object memory-backend-memfd,id=m,size=2G,share=on -machine pc,memory-backend=m -m 2G", maps,
          RANGES({0x7f0fe0000000, 0x7f1060000000}));
    ck_assert_int_eq(find("qemu -object memory-backend-memfd,id=m,size=2G -machine pc,memory-backend=m", maps, &ram),
                     0);
    ck_assert_int_eq(ram.kind, HOST_RAM_MEMFD);
    /* What -m alone makes is anonymous. */
    takes("qemu -m 2G", maps, RANGES({0x7f1060000000, 0x7f10e0000000}));
}

/* A stack of a thread lies right below the memory, and another one above the page that cannot be accessed. */
TEST(test_qemu_stack)
{
    takes("qemu -m 256",
          GUARD("7ff29b5ff000", "7ff29b600000") "7ff29b600000-7ff29be00000 rw-p 00000000 00:00 0 \n"
                                                "7ff29be00000-7ff2abe00000 rw-p 00000000 00:00 0 \n" GUARD(
                                                    "7ff2abe00000", "7ff2abe01000"),
          RANGES({0x7ff29be00000, 0x7ff2abe00000}));
    /* mbind() has split it. */
    takes("qemu -m 256",
          "7ff29b600000-7ff29be00000 rw-p 00000000 00:00 0 \n"
          "7ff29be00000-7ff29ce00000 rw-p 00000000 00:00 0 \n"
          "7ff29ce00000-7ff2abe00000 rw-p 00000000 00:00 0 \n" GUARD("7ff2abe00000", "7ff2abe01000"),
          RANGES({0x7ff29be00000, 0x7ff2abe00000}));
    /* The guest is as large as the stacks. */
    leaves(
        "qemu -m 8",
        "7ff29b600000-7ff29be00000 rw-p 00000000 00:00 0 \n" GUARD(
            "7ff29be00000", "7ff29be01000") "7ff29c000000-7ff29c800000 rw-p 00000000 00:00 0 \n" GUARD("7ff29c800000",
                                                                                                       "7ff29c801000"),
        0, "more mappings than the guest's memory have 8 MiB");
}

/* Two NUMA nodes, each a mapping of its own, and a persistent-memory device that is larger than both. */
TEST(test_qemu_numa_and_nvdimm)
{
    static const char *const shared =
        QEMU_PROGRAM "7f0000000000-7f0040000000 rw-s 00000000 00:01 20 /dev/shm/qemu-ram-0 (deleted)\n"
                     "7f0080000000-7f00c0000000 rw-s 00000000 00:01 21 /dev/shm/qemu-ram-1 (deleted)\n"
                     "7f0100000000-7f0200000000 rw-s 00000000 fe:01 99 /var/lib/pmem.img\n" QEMU_REST;
    static const char *const mixed = QEMU_PROGRAM
        "7f0000000000-7f0040000000 rw-p 00000000 00:00 0 \n"
        "7f0080000000-7f00c0000000 rw-s 00000000 00:01 21 /memfd:memory-backend-memfd (deleted)\n" QEMU_REST;
    static const char *const numa =
        "qemu -m 2G,maxmem=16G,slots=2 -object memory-backend-file,id=a,size=1G,mem-path=/dev/shm "
        "-numa node,memdev=a -object memory-backend-file,id=b,size=1073741824,mem-path=/dev/shm -numa node,memdev=b "
        "-object memory-backend-file,id=p,size=4G,mem-path=/var/lib/pmem.img,share=on -device nvdimm,memdev=p";
    struct host_ram ram;

    takes(numa, shared, RANGES({0x7f0000000000, 0x7f0040000000}, {0x7f0080000000, 0x7f00c0000000}));
    takes("qemu -m 2G -object memory-backend-ram,id=a,size=1G -numa node,nodeid=0,memdev=a "
          "-object memory-backend-memfd,id=b,size=1G -numa node,nodeid=1,memdev=b",
          mixed, RANGES({0x7f0000000000, 0x7f0040000000}, {0x7f0080000000, 0x7f00c0000000}));
    ck_assert_int_eq(find("qemu -object memory-backend-ram,id=a,size=1G -numa node,memdev=a "
                          "-object memory-backend-memfd,id=b,size=1G -numa node,memdev=b",
                          mixed, &ram),
                     0);
    ck_assert_int_eq(ram.kind, HOST_RAM_MIXED);
    ck_assert_int_eq(ram.kinds[0], HOST_RAM_ANON);
    ck_assert_int_eq(ram.kinds[1], HOST_RAM_MEMFD);
    /* The persistent memory is as large as the node, and of the same kind. */
    leaves("qemu -object memory-backend-file,id=a,size=1G,mem-path=/dev/shm -numa node,memdev=a "
           "-object memory-backend-file,id=p,size=1G,mem-path=/p -device nvdimm,memdev=p",
           shared, 0, "a device has memory of 1024 MiB, too");
    leaves("qemu -m 3G -object memory-backend-ram,id=a,size=1G -numa node,memdev=a", mixed, 0, "is not the sum");
    leaves("qemu -m 1G -machine pc,memory-backend=none", mixed, 0, "names a memory backend that it does not have");
    leaves("qemu -object memory-backend-ram,id=a,size=x -numa node,memdev=a", mixed, 0, "no id or no size");
    leaves("qemu -object memory-backend-ram,id=a,size=0 -numa node,memdev=a", mixed, 0, "no id or no size");
    leaves("qemu -m 2G -object memory-backend-ram,id=a,size=1G -numa node,memdev=a "
           "-object memory-backend-ram,id=b,size=1G -numa node,memdev=b",
           mixed, GIB, "only 1 of 2 mappings of 1024 MiB");
}

/* Memory beside that of the boot: devices of the command line, and what is plugged later. */
TEST(test_qemu_plugged)
{
    static const char *const maps = "7f6c1fe00000-7f6c3fe00000 rw-p 00000000 00:00 0 \n" GUARD(
        "7f6c3fe00000", "7f6c3fe01000") "7f6c47e00000-7f6c4fe00000 rw-p 00000000 00:00 0 \n" GUARD("7f6c4fe00000",
                                                                                                   "7f6c4fe01000");
    static const char *const stack =
        "7f6c1f600000-7f6c1fe00000 rw-p 00000000 00:00 0 \n"
        "7f6c1fe00000-7f6c3fe00000 rw-p 00000000 00:00 0 \n" GUARD(
            "7f6c3fe00000", "7f6c3fe01000") "7f6c47e00000-7f6c4fe00000 rw-p 00000000 00:00 0 \n" GUARD("7f6c4fe00000",
                                                                                                       "7f6c4fe01000");
    static const char *const same = "7f6c27e00000-7f6c2fe00000 rw-p 00000000 00:00 0 \n" GUARD(
        "7f6c2fe00000", "7f6c2fe01000") "7f6c47e00000-7f6c4fe00000 rw-p 00000000 00:00 0 \n" GUARD("7f6c4fe00000",
                                                                                                   "7f6c4fe01000");

    takes("qemu -m 128,slots=2,maxmem=1G", maps,
          RANGES({0x7f6c1fe00000, 0x7f6c3fe00000}, {0x7f6c47e00000, 0x7f6c4fe00000}));
    takes("qemu -m 128,slots=2,maxmem=1G", stack,
          RANGES({0x7f6c1fe00000, 0x7f6c3fe00000}, {0x7f6c47e00000, 0x7f6c4fe00000}));
    takes("qemu -m size=524288k,slots=16,maxmem=1048576k", maps,
          RANGES({0x7f6c1fe00000, 0x7f6c3fe00000}, {0x7f6c47e00000, 0x7f6c4fe00000}));
    takes("qemu -m 128,maxmem=1G -object {\"qom-type\":\"memory-backend-ram\",\"id\":\"vmem0\",\"size\":536870912} "
          "-device {\"driver\":\"virtio-mem-pci\",\"memdev\":\"vmem0\",\"id\":\"ua-0\"}",
          maps, RANGES({0x7f6c1fe00000, 0x7f6c3fe00000}, {0x7f6c47e00000, 0x7f6c4fe00000}));
    takes("qemu -m 128,slots=1,maxmem=1G -object memory-backend-ram,id=d,size=512M -device pc-dimm,memdev=d", maps,
          RANGES({0x7f6c1fe00000, 0x7f6c3fe00000}, {0x7f6c47e00000, 0x7f6c4fe00000}));
    takes("qemu -m 128,slots=2,maxmem=1G", same,
          RANGES({0x7f6c27e00000, 0x7f6c2fe00000}, {0x7f6c47e00000, 0x7f6c4fe00000}));
    /* Nothing can be plugged, or not as much: it is something else. */
    takes("qemu -m 128", maps, RANGES({0x7f6c47e00000, 0x7f6c4fe00000}));
    leaves("qemu -m 128,slots=1,maxmem=256M", maps, 128 * MIB, "a mapping of 512 MiB may be");
    leaves("qemu -m 128", same, 0, "more mappings than the guest's memory have 128 MiB");
    leaves("qemu -m 128,slots=1,maxmem=160M", same, 0, "more mappings than the guest's memory have 128 MiB");
}

/* What a device has maps like memory, and may be as large: a PCI BAR, a resource file, a framebuffer. */
TEST(test_qemu_devices)
{
    static const char *const paths[] = {"anon_inode:[vfio-device]", "/dev/vfio/16", "/dev/dri/renderD128",
                                        "/sys/devices/pci0000:00/0000:00:02.0/resource2", "/dev/kvmfr0"};
    struct host_ram ram;
    char maps[512];

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        snprintf(maps, sizeof(maps), "7f0000000000-7f0400000000 rw-s 00000000 00:0e 1057 %s\n%s%s", paths[i],
                 "7f1000000000-7f1400000000 rw-p 00000000 00:00 0 \n", GUARD("7f1400000000", "7f1400001000"));
        takes("qemu -m 16G", maps, RANGES({0x7f1000000000, 0x7f1400000000}));
        ck_assert_int_eq(find("qemu -m 16G", maps, &ram), 0);
        ck_assert_int_eq(ram.pinned, i < 2);
        takes("qemu -m 16G -mem-path /dev/hugepages", maps, RANGES({0x7f1000000000, 0x7f1400000000}));
    }
    /* The code that QEMU makes, mapped twice: for writing, and to be executed. */
    leaves("qemu -m 1G -mem-path /x",
           "7f0000000000-7f0040000000 rw-s 00000000 00:01 9 /memfd:tcg-jit (deleted)\n"
           "7f0100000000-7f0140000000 r-xs 00000000 00:01 9 /memfd:tcg-jit (deleted)\n"
           "7f6c47e00000-7f6c4fe00000 rw-p 00000000 00:00 0 \n",
           0, "no mapping has the 1024 MiB");
}

TEST(test_encrypted)
{
    struct host_ram ram;

    ck_assert_int_eq(find("qemu -m 2G -object sev-guest,id=sev0,cbitpos=47",
                          QEMU_PROGRAM "7f1020000000-7f10a0000000 rw-p 00000000 00:00 0 \n" QEMU_REST, &ram),
                     0);
    ck_assert_int_eq(ram.pinned, true);
}

TEST(test_qemu_hugetlb)
{
    struct host_ram ram;

    ck_assert_int_eq(find("qemu -m 2G -mem-path /dev/hugepages",
                          QEMU_PROGRAM "7f0fe0000000-7f1060000000 rw-s 00000000 00:1c 41 "
                                       "/dev/hugepages/libvirt/qemu/1-web/pc.ram (deleted)\n" QEMU_REST,
                          &ram),
                     0);
    ck_assert_int_eq(ram.kind, HOST_RAM_HUGETLB);
}

/* cloud-hypervisor: a piece below the hole at 3 GiB and one above 4 GiB, shared or not. */
TEST(test_cloud_hypervisor)
{
    static const char *const memfd = "5581a6e00000-5581a7200000 r-xp 00000000 fe:01 50 /usr/bin/cloud-hypervisor\n"
                                     "5581a8b00000-5581a8c00000 rw-p 00000000 00:00 0   [heap]\n"
                                     "7e8000000000-7e8f40000000 rw-s c0000000 00:01 31 /memfd:ch_ram (deleted)\n"
                                     "7e9000000000-7e90c0000000 rw-s 00000000 00:01 31 /memfd:ch_ram (deleted)\n"
                                     "7e9100000000-7e9100200000 rw-p 00000000 00:00 0 \n";
    static const char *const anon = "7e8000000000-7e8f40000000 rw-p 00000000 00:00 0 \n"
                                    "7e9000000000-7e90c0000000 rw-p 00000000 00:00 0 \n";
    static const char *const zones = "7e8000000000-7e8040000000 rw-s 00000000 00:01 31 /memfd:ch_ram (deleted)\n"
                                     "7e9000000000-7e9080000000 rw-s 00000000 00:01 32 /memfd:ch_ram (deleted)\n"
                                     "7ea000000000-7ea100000000 rw-s 00000000 00:01 33 /memfd:ch_ram (deleted)\n";

    takes("cloud-hypervisor --memory size=64G,shared=on", memfd,
          RANGES({0x7e8000000000, 0x7e8f40000000}, {0x7e9000000000, 0x7e90c0000000}));
    takes("cloud-hypervisor --memory size=64G", anon,
          RANGES({0x7e8000000000, 0x7e8f40000000}, {0x7e9000000000, 0x7e90c0000000}));
    takes("cloud-hypervisor --memory size=0 --memory-zone id=a,size=1G id=b,size=2G", zones,
          RANGES({0x7e8000000000, 0x7e8040000000}, {0x7e9000000000, 0x7e9080000000}));
    takes("cloud-hypervisor --memory size=1G,hotplug_method=virtio-mem,hotplug_size=4G", zones,
          RANGES({0x7e8000000000, 0x7e8040000000}, {0x7ea000000000, 0x7ea100000000}));
    leaves("cloud-hypervisor --api-socket /run/a.sock", memfd, 0, "its command line has no size");
    leaves("cloud-hypervisor --memory size=63G", memfd, 0, "no mapping has");
}

/* Firecracker's command line has no size. The administrator says it. */
TEST(test_configured)
{
    char text[] = "7f7340000000-7f7348000000 rw-p 00000000 00:00 0 \n7f7348000000-7f7348001000 ---p 00000000 00:00 0 \n"
                  "7f734a000000-7f734a003000 rw-s 00000000 00:0e 9 anon_inode:kvm-vcpu:0\n";
    const struct host_cmdline cmdline = {.text = "firecracker", .len = sizeof("firecracker")};
    struct host_mapping *mappings;
    struct host_told told;
    struct host_ram ram;
    size_t n;

    ck_assert_int_eq(host_parse_mappings(text, &mappings, &n), 0);
    host_told_read(&cmdline, NULL, 0, &told);
    ck_assert_int_eq(host_guest_ram(mappings, n, &told, &ram), 0);
    ck_assert_uint_eq(ram.n, 0);
    host_told_read(&cmdline, NULL, 128 * MIB, &told);
    ck_assert_int_eq(host_guest_ram(mappings, n, &told, &ram), 0);
    ck_assert_uint_eq(ram.bytes, 128 * MIB);
    free(mappings);
}

/* A monitor that has just begun. */
TEST(test_none_yet)
{
    struct host_ram ram;

    ck_assert_int_eq(
        find("qemu -m 2G", "55d0c9a00000-55d0c9b00000 rw-p 01000000 fe:01 131 /usr/bin/qemu-system-x86_64\n", &ram),
        -ENOENT);
    ck_assert_int_eq(find("qemu -m 2G", "", &ram), -ENOENT);
}

/* More pieces than there is room for: what fits, ascending, without overlap. */
TEST(test_many_pieces)
{
    char text[16384] = "";
    struct host_ram ram;
    size_t len = 0;

    for (unsigned int i = 0; i < 100; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "7f%02x00000000-7f%02x20000000 rw-p 00000000 00:00 0 \n"
                                "7f%02x20000000-7f%02x20001000 ---p 00000000 00:00 0 \n",
                                i, i, i, i);
    ck_assert_int_eq(find("qemu -m 256,maxmem=1T", text, &ram), 0);
    ck_assert_uint_eq(ram.n, HOST_RAM_MAX_RANGES);
    for (size_t i = 1; i < ram.n; i++)
        ck_assert_uint_lt(ram.ranges[i - 1].end, ram.ranges[i].start);
    ck_assert_str_ne(ram.note, "");
}

/* Of the ranges alone, and only what has the flag lies on hugetlb pages. */
TEST(test_smaps)
{
    static const struct damon_reclaim_range ranges[] = {{0x10000000, 0x10400000}, {0x20000000, 0x20200000}};
    struct host_smaps smaps;
    bool hugetlb[2];
    char text[] = "10000000-10200000 rw-s 00000000 00:10 9 /memfd:a (deleted)\nRss: 2048 kB\nPss: 512 kB\nVmFlags: rd "
                  "wr sh de sd \n"
                  "10200000-10400000 rw-s 00200000 00:10 9 /memfd:a (deleted)\nRss: 4 kB\nVmFlags: rd wr de ht sd \n"
                  "18000000-18200000 rw-p 00000000 00:00 0\nRss: 100 kB\nVmFlags: rd wr ht\n"
                  "20000000-20200000 rw-p 00000000 00:00 0\nRss: 8 kB\nPss: 8 kB\nVmFlags: rd wr ac sd\n";

    host_parse_smaps(text, ranges, 2, hugetlb, &smaps);
    ck_assert_uint_eq(smaps.resident, (2048 + 4 + 8) * 1024);
    ck_assert_uint_eq(smaps.proportional, (512 + 8) * 1024);
    ck_assert_int_eq(hugetlb[0], true);
    ck_assert_int_eq(hugetlb[1], false);
    text[0] = '\0';
    host_parse_smaps(text, ranges, 2, hugetlb, &smaps);
    ck_assert_uint_eq(smaps.resident, 0);
    ck_assert_int_eq(hugetlb[0], false);
    ck_assert_int_eq(hugetlb[1], false);
}

TEST(test_bad_maps)
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
