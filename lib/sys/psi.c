/* SPDX-License-Identifier: MIT */
#include "sys/psi.h"

#include <errno.h>
#include <string.h>

#include "sys/scan.h"

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
int drcl_psi_parse(const char *text, size_t len, uint64_t *ret_us)
{
    struct drcl_scan scan = {text, text + len}, line;

    while (drcl_scan_line(&scan, &line)) {
        if (!drcl_scan_word(&line, "some "))
            continue;
        for (; line.at < line.end; line.at++)
            if (drcl_scan_word(&line, " total="))
                return drcl_scan_u64(&line, 10, ret_us) ? 0 : -EINVAL;
    }
    return -EINVAL;
}

int drcl_psi_some_us(struct drcl_env *env, uint64_t *ret)
{
    char text[512];
    ssize_t n = drcl_read_small(env, text, sizeof(text), "/proc/pressure/memory");

    if (n == -ENOENT || n == -EOPNOTSUPP)
        return drcl_error(
            env, (int)n,
            "/proc/pressure/memory: the kernel does not measure memory pressure; boot one with CONFIG_PSI=y "
            "and psi=1");
    if (n < 0)
        return drcl_error(env, (int)n, "/proc/pressure/memory cannot be read: %s", strerror((int)-n));
    if (drcl_psi_parse(text, (size_t)n, ret) < 0)
        return drcl_error(env, -EINVAL, "/proc/pressure/memory has no total of `some`");
    return 0;
}
