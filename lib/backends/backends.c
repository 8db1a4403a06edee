/* SPDX-License-Identifier: MIT */
#include "backends.h"

#include <string.h>

static const struct drcl_backend *const backends[] = {
    &drcl_backend_damon,
    &drcl_backend_idle_page,
    &drcl_backend_sim,
};

const struct drcl_backend *drcl_backend_at(size_t index)
{
    return index < sizeof(backends) / sizeof(backends[0]) ? backends[index] : NULL;
}

const struct drcl_backend *drcl_backend_find(const char *name)
{
    const struct drcl_backend *backend;

    for (size_t i = 0; (backend = drcl_backend_at(i)) != NULL; i++)
        if (!strcmp(backend->name, name))
            return backend;
    return NULL;
}
