/* SPDX-License-Identifier: MIT */
#include "base/size.h"

#include <errno.h>
#include <string.h>

/* No struct is larger, so that a size that was not set is noticed. */
#define MAX_SIZE 4096u

bool drcl_is_zero(const void *bytes, size_t n)
{
    const unsigned char *byte = bytes;

    for (size_t i = 0; i < n; i++)
        if (byte[i])
            return false;
    return true;
}

int drcl_size_copy(void *dst, size_t dst_size, const void *src, size_t src_size)
{
    if (src_size < sizeof(size_t) || src_size > MAX_SIZE)
        return -EINVAL;
    if (src_size > dst_size && !drcl_is_zero((const unsigned char *)src + dst_size, src_size - dst_size))
        return -E2BIG;
    memcpy(dst, src, src_size < dst_size ? src_size : dst_size);
    memcpy(dst, &dst_size, sizeof(dst_size));
    return 0;
}

int drcl_size_give(void *dst, size_t dst_size, const void *src, size_t src_size)
{
    if (dst_size < sizeof(size_t) || dst_size > MAX_SIZE)
        return -EINVAL;
    memcpy(dst, src, src_size < dst_size ? src_size : dst_size);
    if (dst_size > src_size)
        memset((unsigned char *)dst + src_size, 0, dst_size - src_size);
    memcpy(dst, &dst_size, sizeof(dst_size));
    return 0;
}
