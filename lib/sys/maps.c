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
    struct drcl_scan scan = { text, text + len };
    struct drcl_mapping m = { 0 };
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

/* Hands out the whole lines in [buf, buf + len); also one that is not whole, if it is all that there is in a full
 * buffer or the file ends with it. *ret_used tells how far it got. */
static int each_line(const char *buf, size_t len, bool full, bool last,
                     int (*each)(void *data, const struct drcl_mapping *mapping), void *data, size_t *ret_used)
{
    struct drcl_scan scan = { buf, buf + len }, line;
    struct drcl_mapping mapping;
    int r;

    while (drcl_scan_line(&scan, &line)) {
        if (line.end == scan.end && scan.end[-1] != '\n' && !last && !(full && line.at == buf))
            break; /* the rest of this line is still to be read */
        *ret_used = (size_t)(scan.at - buf);
        r = drcl_maps_parse_line(line.at, (size_t)(line.end - line.at), &mapping);
        if (r == 0)
            r = each(data, &mapping);
        if (r != 0)
            return r;
    }
    return 0;
}

int drcl_maps_walk(struct drcl_env *env, int fd, char *buf, size_t size,
                   int (*each)(void *data, const struct drcl_mapping *mapping), void *data)
{
    uint64_t offset = 0;
    size_t len = 0, used;
    bool cut = false; /* the rest of a line that was too long is being passed over */
    ssize_t n;
    int r;

    for (;;) {
        n = drcl_pread(env, fd, buf + len, size - len, offset);
        if (n < 0)
            return (int)n;
        offset += (uint64_t)n;
        len += (size_t)n;
        if (cut) {
            const char *newline = memchr(buf, '\n', len);

            used = newline ? (size_t)(newline + 1 - buf) : len;
            cut = !newline && n > 0;
        } else {
            used = 0;
            r = each_line(buf, len, len == size, n == 0, each, data, &used);
            if (r != 0)
                return r;
            cut = n > 0 && used == size && buf[size - 1] != '\n';
        }
        if (n == 0 && used == len)
            return 0;
        len -= used;
        memmove(buf, buf + used, len);
    }
}
