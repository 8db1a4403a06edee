/* SPDX-License-Identifier: MIT */
#include "base/grow.h"

#include <errno.h>
#include <string.h>

#define MIN_CAPACITY 4

int drcl_grow_exactly(struct drcl_env *env, void *array, size_t *capacity, size_t need, size_t elem_size)
{
    void *old, *grown;

    if (need <= *capacity)
        return 0;
    memcpy(&old, array, sizeof(old)); /* a pointer to any type, which must not be read as another one */
    grown = drcl_realloc_array(env, old, need, elem_size);
    if (!grown)
        return -ENOMEM;
    memcpy(array, &grown, sizeof(grown));
    *capacity = need;
    return 0;
}

int drcl_grow(struct drcl_env *env, void *array, size_t *capacity, size_t need, size_t elem_size)
{
    size_t doubled = *capacity > SIZE_MAX / 2 ? SIZE_MAX : 2 * *capacity;

    if (need <= *capacity)
        return 0;
    if (doubled < MIN_CAPACITY)
        doubled = MIN_CAPACITY;
    return drcl_grow_exactly(env, array, capacity, need > doubled ? need : doubled, elem_size);
}
