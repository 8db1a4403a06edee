/* SPDX-License-Identifier: MIT */
/* Structs that begin with their size, with an error that names them. */
#ifndef DRCL_STRUCTS_H
#define DRCL_STRUCTS_H

#include <stddef.h>

#include "base/env.h"

/* As drcl_size_copy(), with the size that @src says. @src may be NULL, which is -EINVAL. */
int drcl_struct_take(struct drcl_env *env, const char *name, void *dst, size_t dst_size, const void *src);

/* As drcl_size_give(), with the size that @dst says. @dst may be NULL, which is -EINVAL. */
int drcl_struct_give(struct drcl_env *env, const char *name, void *dst, const void *src, size_t src_size);

#endif
