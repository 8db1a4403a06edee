/* SPDX-License-Identifier: MIT */
/* Files of /proc. The first byte chooses the file, from 'a' on, the rest is what is in it. */
#include <errno.h>

#include "fuzz.h"
#include "sys/directory.h"
#include "sys/iomem.h"
#include "sys/maps.h"
#include "sys/meminfo.h"
#include "sys/process.h"
#include "sys/psi.h"

static void fuzz_meminfo(const char *text, size_t len)
{
    struct drcl_meminfo info;
    int r = drcl_meminfo_parse(text, len, &info);

    must(r == 0 || r == -EINVAL);
    must(r < 0 || (info.total && info.free <= info.total && info.swap_free <= info.swap_total));
}

static void fuzz_psi(const char *text, size_t len)
{
    uint64_t us = 7;
    int r = drcl_psi_parse(text, len, &us);

    must(r == 0 || (r == -EINVAL && us == 7));
}

static void fuzz_stat(const char *text, size_t len)
{
    struct drcl_process_stat info = {.pid = -7};
    int r = drcl_process_stat_parse(text, len, &info);

    must(r == 0 || (r == -EINVAL && info.pid == -7));
    must(r < 0 || info.pid >= 0);
}

static void fuzz_iomem(const char *text, size_t len)
{
    struct damon_reclaim_range ranges[4];
    size_t n = 0;
    int r = drcl_iomem_parse(text, len, ranges, 4, &n);

    for (size_t i = 0; r == 0 && i < n && i < 4; i++)
        must(ranges[i].start < ranges[i].end);
}

/* A file that is read in pieces of changing size. */
struct file {
    const char *text;
    size_t len;
    unsigned int reads;
};

static ssize_t read_piece(void *data, int fd, void *buf, size_t len, uint64_t offset)
{
    struct file *file = data;
    size_t n = 1 + 37 * file->reads++ % 300;

    (void)fd;
    if (offset >= file->len)
        return 0;
    n = n < len ? n : len;
    n = n < file->len - offset ? n : file->len - (size_t)offset;
    memcpy(buf, file->text + offset, n);
    return (ssize_t)n;
}

static int count_mapping(void *data, const struct drcl_mapping *mapping)
{
    volatile char sum = 0;

    must(mapping->start < mapping->end);
    for (size_t i = 0; i < mapping->path_len; i++)
        sum = (char)(sum + mapping->path[i]); /* all of it can be read */
    return ++*(size_t *)data > 1000;
}

static void fuzz_maps(const char *text, size_t len)
{
    static const struct damon_reclaim_system_ops ops = {.size = sizeof(ops), .pread = read_piece};
    struct file file = {text, len, 0};
    struct drcl_env env = fuzz_env(&ops, &file);
    struct drcl_mapping mapping;
    size_t n = 0;
    char buf[256];

    drcl_maps_parse_line(text, len, &mapping);
    drcl_maps_walk(&env, 3, buf, sizeof(buf), count_mapping, &n);
    drcl_env_fini(&env);
}

/* Records of a directory, as the kernel would give them. */
static ssize_t read_records(void *data, int fd, void *buf, size_t len)
{
    struct file *file = data;
    size_t n = file->len < len ? file->len : len;

    (void)fd;
    memcpy(buf, file->text, n);
    file->text += n;
    file->len -= n;
    return (ssize_t)n;
}

static void fuzz_directory(const char *text, size_t len)
{
    static const struct damon_reclaim_system_ops ops = {.size = sizeof(ops), .getdents = read_records};
    struct file file = {text, len, 0};
    struct drcl_env env = fuzz_env(&ops, &file);
    struct drcl_directory_entry entry;
    struct drcl_directory dir;
    int r;

    drcl_directory_begin(&dir, &env, 3);
    while ((r = drcl_directory_next(&dir, &entry)) > 0)
        must(strcmp(entry.name, ".") && strcmp(entry.name, "..") && strlen(entry.name) < len);
    must(r == 0 || r == -EIO);
    drcl_env_fini(&env);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const files[])(const char *text, size_t len) = {fuzz_maps, fuzz_meminfo, fuzz_psi,
                                                                  fuzz_stat, fuzz_iomem,   fuzz_directory};
    char *text;

    if (!size)
        return 0;
    text = malloc(size - 1 ? size - 1 : 1); /* of exactly the size, so that a read beyond it is found */
    must(text);
    memcpy(text, data + 1, size - 1);
    files[(uint8_t)(data[0] - 'a') % (sizeof(files) / sizeof(files[0]))](text, size - 1);
    free(text);
    return 0;
}
