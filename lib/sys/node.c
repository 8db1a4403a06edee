/* SPDX-License-Identifier: MIT */
#include "sys/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "sys/directory.h"
#include "sys/scan.h"

#define NODES "/sys/devices/system/node"

/* Bytes of node @number that are in the swap cache: "Node 0 SwapCached:   123 kB". 0 if the kernel does not tell. */
static uint64_t swapcached(struct drcl_env *env, unsigned int number)
{
    char text[8192];
    ssize_t n = drcl_read_small(env, text, sizeof(text), NODES "/node%u/meminfo", number);
    struct drcl_scan scan = {text, text + (n > 0 ? n : 0)}, line;
    uint64_t node, kib;

    while (drcl_scan_line(&scan, &line)) {
        if (!drcl_scan_word(&line, "Node ") || !drcl_scan_u64(&line, 10, &node) ||
            !drcl_scan_word(&line, " SwapCached:"))
            continue;
        drcl_scan_blanks(&line);
        return drcl_scan_u64(&line, 10, &kib) && kib <= UINT64_MAX >> 10 ? kib << 10 : 0;
    }
    return 0;
}

/* 0; -EAGAIN when the node gave less; -EOPNOTSUPP when it cannot be asked. */
static int reclaim(struct drcl_env *env, unsigned int number, uint64_t bytes)
{
    int fd = drcl_open(env, O_WRONLY, NODES "/node%u/reclaim", number), n;
    char text[48];
    ssize_t r;

    if (fd == -ENOENT)
        return -EOPNOTSUPP;
    if (fd < 0)
        return drcl_error(env, fd, NODES "/node%u/reclaim cannot be opened: %s", number, strerror(-fd));
    n = snprintf(text, sizeof(text), "%llu swappiness=max", (unsigned long long)bytes);
    r = drcl_pwrite(env, fd, text, (size_t)n, 0);
    drcl_close(env, fd);
    if (r >= 0 || r == -EAGAIN)
        return r < 0 ? -EAGAIN : 0;
    return drcl_error(env, (int)r, NODES "/node%u/reclaim cannot be written: %s", number, strerror((int)-r));
}

/* The number in "node7"; false for what is no node. */
static bool is_node(const char *name, unsigned int *ret_number)
{
    struct drcl_scan scan = {name, name + strlen(name)};
    uint64_t number;

    if (!drcl_scan_word(&scan, "node") || !drcl_scan_u64(&scan, 10, &number) || scan.at != scan.end ||
        number > UINT32_MAX)
        return false;
    *ret_number = (unsigned int)number;
    return true;
}

int drcl_nodes_reclaim_swapcached(struct drcl_env *env, uint64_t bytes, uint64_t *ret_asked)
{
    struct drcl_directory_entry entry;
    struct drcl_directory dir;
    uint64_t asked = 0;
    unsigned int number;
    int fd = drcl_open(env, O_RDONLY | O_DIRECTORY, NODES), r = 0, more = 1;

    if (fd < 0)
        return -EOPNOTSUPP;
    drcl_directory_begin(&dir, env, fd);
    while ((r == 0 || r == -EAGAIN) && asked < bytes && (more = drcl_directory_next(&dir, &entry)) > 0) {
        uint64_t cached = is_node(entry.name, &number) ? swapcached(env, number) : 0;

        if (!cached)
            continue;
        if (cached > bytes - asked)
            cached = bytes - asked;
        r = reclaim(env, number, cached);
        if (r == 0 || r == -EAGAIN)
            asked += cached;
    }
    drcl_close(env, fd);
    if (more < 0)
        return drcl_error(env, more, NODES " cannot be listed: %s", strerror(-more));
    if (r < 0 && r != -EAGAIN)
        return r;
    *ret_asked = asked;
    return 0;
}
