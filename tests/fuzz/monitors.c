/* SPDX-License-Identifier: MIT */
/* What strangers can put before damon-reclaim-host. The first byte chooses the kind, from 'a' on: a command line, the
 * files maps, smaps and memory.pressure, the name of a cgroup. */
#include <errno.h>

#include "fuzz.h"
#include "hypervisor-agent/cmdline.h"
#include "hypervisor-agent/guest_ram.h"
#include "hypervisor-agent/mappings.h"
#include "hypervisor-agent/told.h"
#include "hypervisor-agent/usage.h"

static void must_be_printable(const char *text)
{
    for (; *text; text++)
        must((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void must_be_name(const char *name)
{
    must(*name && strlen(name) < HOST_NAME_SIZE && *name != ' ' && name[strlen(name) - 1] != ' ');
    must_be_printable(name);
}

static void must_be_told(const struct host_told *told)
{
    must(told->n <= HOST_TOLD_MAX && memchr(told->wrong, '\0', sizeof(told->wrong)));
    must(!*told->wrong || !told->n);
    must_be_printable(told->wrong);
    for (size_t i = 0; i < told->n; i++)
        must(told->pieces[i].size && told->pieces[i].kinds);
}

/* Words end with a NUL, which the last one may lack. */
static void fuzz_cmdline(char *text, size_t len)
{
    const struct host_cmdline cmdline = {.text = text, .len = len};
    struct host_option option;
    char name[HOST_NAME_SIZE], value[64];
    const char *at = NULL;
    struct host_told told;

    while (host_cmdline_next(&cmdline, &at, &option)) {
        must(option.name >= text && option.name + option.len <= text + len);
        if (!option.value)
            continue;
        must(option.value >= text && option.value <= text + len);
        host_sub_option(option.value, "size", true, value, sizeof(value));
        host_json_option(option.value, "size", value, sizeof(value));
    }
    if (host_cmdline_name(&cmdline, name) && host_make_name(name))
        must_be_name(name);
    host_told_read(&cmdline, "/usr/bin/qemu-system-x86_64", 0, &told);
    must_be_told(&told);
    host_told_read(&cmdline, "/usr/bin/cloud-hypervisor", 0, &told);
    must_be_told(&told);
}

static void must_be_ram(const struct host_ram *ram)
{
    uint64_t bytes = 0;

    must(ram->n <= HOST_RAM_MAX_RANGES);
    for (size_t i = 0; i < ram->n; i++) {
        must(ram->ranges[i].start < ram->ranges[i].end);
        must(i == 0 || ram->ranges[i - 1].end <= ram->ranges[i].start);
        bytes += ram->ranges[i].end - ram->ranges[i].start;
    }
    must(bytes == ram->bytes);
}

static void fuzz_maps(char *text)
{
    static const char words[] = "qemu\0-m\00064\0-object\0memory-backend-memfd,id=a,size=16M";
    const struct host_cmdline cmdline = {.text = words, .len = sizeof(words)};
    struct host_mapping *list = NULL;
    struct host_told told;
    struct host_ram ram;
    size_t n = 0;
    int r = host_parse_mappings(text, &list, &n);

    must(r == 0 || r == -EINVAL);
    if (r < 0)
        return;
    host_told_read(&cmdline, "/usr/bin/qemu-system-x86_64", 0, &told);
    if (host_guest_ram(list, n, &told, &ram) == 0)
        must_be_ram(&ram);
    free(list);
}

static void fuzz_smaps(char *text)
{
    static const struct damon_reclaim_range ranges[] = {{0x1000, 0x9000}, {0x7f0000000000, 0x7f0004000000}};
    struct host_smaps smaps;
    bool hugetlb[2];

    host_parse_smaps(text, ranges, 2, hugetlb, &smaps);
}

static void fuzz_cgroup(char *text)
{
    char name[HOST_NAME_SIZE];

    if (host_scope_name(text, name) && host_make_name(name))
        must_be_name(name);
    host_stem(text, name);
    must(memchr(name, '\0', sizeof(name)));
    host_make_printable(text);
    must_be_printable(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = size ? malloc(size) : NULL; /* of just its size, so that the sanitizer sees who reads on */
    uint64_t us = 7;

    if (!text)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0]) {
    case 'a':
        fuzz_cmdline(text, size - 1);
        break;
    case 'b':
        fuzz_maps(text);
        break;
    case 'c':
        fuzz_smaps(text);
        break;
    case 'd':
        fuzz_cgroup(text);
        break;
    default:
        must(host_parse_pressure(text, &us) == 0 || us == 7);
    }
    free(text);
    return 0;
}
