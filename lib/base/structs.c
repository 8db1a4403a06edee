/* SPDX-License-Identifier: MIT */
#include "base/structs.h"

#include <errno.h>
#include <string.h>

#include "base/size.h"

static size_t size_of(const void *sized)
{
    size_t size;

    memcpy(&size, sized, sizeof(size));
    return size;
}

int drcl_struct_take(struct drcl_env *env, const char *name, void *dst, size_t dst_size, const void *src)
{
    int r;

    if (!src)
        return drcl_refuse(env, -EINVAL, "%s: NULL", name);
    r = drcl_size_copy(dst, dst_size, src, size_of(src));
    if (r == -E2BIG)
        return drcl_refuse(env, r, "%s: size %zu, and not 0 behind the %zu bytes that this library knows", name,
                           size_of(src), dst_size);
    return r < 0 ? drcl_refuse(env, r, "%s: size %zu; set it to the sizeof of the struct, %zu", name, size_of(src),
                               dst_size)
                 : 0;
}

int drcl_struct_give(struct drcl_env *env, const char *name, void *dst, const void *src, size_t src_size)
{
    int r;

    if (!dst)
        return drcl_refuse(env, -EINVAL, "%s: NULL", name);
    r = drcl_size_give(dst, size_of(dst), src, src_size);
    return r < 0 ? drcl_refuse(env, r, "%s: size %zu; set it to the sizeof of the struct, %zu", name, size_of(dst),
                               src_size)
                 : 0;
}
