/* SPDX-License-Identifier: MIT */
/* Arrays that grow. Every array of the library that can become longer grows through drcl_grow(). */
#ifndef DRCL_GROW_H
#define DRCL_GROW_H

#include "base/env.h"

/*
 * Makes room for @need elements of @elem_size bytes in an array. @array is the address of the pointer to it, which is
 * NULL for an array without room, and *capacity the number of elements that it has room for. The capacity at least
 * doubles, so that adding elements one by one takes linear time. 0, or -ENOMEM without text: then nothing has changed.
 *
 *     r = drcl_grow(env, &list->items, &list->capacity, list->n + 1, sizeof(*list->items));
 */
int drcl_grow(struct drcl_env *env, void *array, size_t *capacity, size_t need, size_t elem_size);

/* The same for arrays that should take no more memory than @need elements do. */
int drcl_grow_exactly(struct drcl_env *env, void *array, size_t *capacity, size_t need, size_t elem_size);

#endif
