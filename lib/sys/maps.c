/* SPDX-License-Identifier: MIT */
#include "sys/maps.h"

#include <errno.h>
#include <string.h>

#include "sys/scan.h"

static bool permission(struct drcl_scan *scan, char c, uint32_t flag, uint32_t *flags)
{
    if (drcl_scan_char(scan, c))
        *flags |= flag;
    else if (!drcl_scan_char(scan, '-'))
        return false;
    return true;
}

static bool permissions(struct drcl_scan *scan, uint32_t *ret)
{
    *ret = 0;
    if (!permission(scan, 'r', DRCL_MAPPING_READ, ret) || !permission(scan, 'w', DRCL_MAPPING_WRITE, ret) ||
        !permission(scan, 'x', DRCL_MAPPING_EXEC, ret))
        return false;
    if (drcl_scan_char(scan, 'p'))
        return true;
    *ret |= DRCL_MAPPING_SHARED;
    return drcl_scan_char(scan, 's');
}

/* "559c77e00000-559c77e21000 rw-p 00000000 00:00 0      [heap]": start, end, permissions, offset, device, inode, path
 */
int drcl_maps_parse_line(const char *text, size_t len, struct drcl_mapping *ret)
{
    struct drcl_scan scan = {text, text + len};
    struct drcl_mapping m = {0};
    uint64_t device;

    if (!drcl_scan_u64(&scan, 16, &m.start) || !drcl_scan_char(&scan, '-') || !drcl_scan_u64(&scan, 16, &m.end) ||
        !drcl_scan_char(&scan, ' ') || !permissions(&scan, &m.flags) || !drcl_scan_char(&scan, ' ') ||
        !drcl_scan_u64(&scan, 16, &m.offset) || !drcl_scan_char(&scan, ' ') || !drcl_scan_u64(&scan, 16, &device) ||
        !drcl_scan_char(&scan, ':') || !drcl_scan_u64(&scan, 16, &device) || !drcl_scan_char(&scan, ' ') ||
        !drcl_scan_u64(&scan, 10, &m.inode))
        return -EINVAL;
    if (m.start >= m.end)
        return -EINVAL;
    drcl_scan_blanks(&scan);
    m.path = scan.at;
    m.path_len = (size_t)(scan.end - scan.at);
    *ret = m;
    return 0;
}

void drcl_maps_begin(struct drcl_maps *maps, struct drcl_env *env, int fd, char *buf, size_t size)
{
    *maps = (struct drcl_maps){.env = env, .fd = fd, .buf = buf, .size = size};
}

/* Reads on behind what is left in the buffer, which moves to its front. */
static int fill(struct drcl_maps *maps)
{
    ssize_t n;

    maps->len -= maps->at;
    memmove(maps->buf, maps->buf + maps->at, maps->len);
    maps->at = 0;
    n = drcl_pread(maps->env, maps->fd, maps->buf + maps->len, maps->size - maps->len, maps->offset);
    if (n < 0)
        return (int)n;
    maps->offset += (uint64_t)n;
    maps->len += (size_t)n;
    maps->end = n == 0;
    return 0;
}

/* Takes a whole line out of the buffer; also one that is not whole, if it is all that there is in a full buffer or the
 * file ends with it. False if more is to be read first. */
static bool take_line(struct drcl_maps *maps, struct drcl_scan *ret_line)
{
    struct drcl_scan scan = {maps->buf + maps->at, maps->buf + maps->len};
    bool full = maps->at == 0 && maps->len == maps->size, whole;

    if (!drcl_scan_line(&scan, ret_line))
        return false;
    whole = scan.at[-1] == '\n';
    if (!whole && !full && !maps->end)
        return false;
    maps->at = (size_t)(scan.at - maps->buf);
    return true;
}

int drcl_maps_next(struct drcl_maps *maps, struct drcl_mapping *ret)
{
    struct drcl_scan line;
    bool rest; /* of a line that was too long */
    int r;

    do {
        while (!take_line(maps, &line)) {
            if (maps->end)
                return 0;
            r = fill(maps);
            if (r < 0)
                return r;
        }
        rest = maps->cut;
        maps->cut = maps->buf[maps->at - 1] != '\n';
    } while (rest);
    r = drcl_maps_parse_line(line.at, (size_t)(line.end - line.at), ret);
    return r < 0 ? r : 1;
}

int drcl_maps_walk(struct drcl_env *env, int fd, char *buf, size_t size,
                   int (*each)(void *data, const struct drcl_mapping *mapping), void *data)
{
    struct drcl_mapping mapping;
    struct drcl_maps maps;
    int r;

    drcl_maps_begin(&maps, env, fd, buf, size);
    while ((r = drcl_maps_next(&maps, &mapping)) > 0) {
        r = each(data, &mapping);
        if (r != 0)
            return r;
    }
    return r;
}
