/* SPDX-License-Identifier: MIT */
/* Versions, features, and what works on this machine. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "damon_reclaim/damon_reclaim.h"

#include "backend_table.h"
#include "base/env.h"
#include "base/names.h"
#include "base/structs.h"

#define TEXT(x)                           #x
#define VERSION_TEXT(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

unsigned int damon_reclaim_version(void)
{
    return DAMON_RECLAIM_VERSION;
}

const char *damon_reclaim_version_string(void)
{
    return VERSION_TEXT(DAMON_RECLAIM_VERSION_MAJOR, DAMON_RECLAIM_VERSION_MINOR, DAMON_RECLAIM_VERSION_PATCH);
}

const char *damon_reclaim_feature(size_t index)
{
    const struct drcl_backend *backend;
    size_t nr_backends = 0;

    while ((backend = drcl_backend_at(nr_backends)) != NULL)
        if (nr_backends++ == index)
            return backend->feature;
    return drcl_common_feature(index - nr_backends);
}

bool damon_reclaim_has_feature(const char *name)
{
    const char *feature;

    for (size_t i = 0; name && (feature = damon_reclaim_feature(i)) != NULL; i++)
        if (!strcmp(feature, name))
            return true;
    return false;
}

const char *damon_reclaim_backend(size_t index)
{
    const struct drcl_backend *backend = drcl_backend_at(index);

    return backend ? backend->name : NULL;
}

int damon_reclaim_probe(const struct damon_reclaim_config *user, char *text, size_t size)
{
    struct damon_reclaim_config config = {.size = sizeof(config)};
    const struct drcl_backend *backend;
    struct drcl_env env = {0};
    char nowhere[1];
    bool any;
    int r;

    if (!user)
        return -EINVAL;
    if (!text || !size) {
        text = nowhere;
        size = sizeof(nowhere);
    }
    r = drcl_struct_take(&env, "config", &config, sizeof(config), user);
    snprintf(text, size, "%s", env.error);
    if (r < 0)
        return r;
    backend = config.backend ? drcl_backend_find(config.backend) : NULL;
    any = config.backend && !strcmp(config.backend, "auto");
    if (!backend && !any) {
        snprintf(text, size, "config.backend: %s; damon_reclaim_backend() lists those that can be probed",
                 config.backend ? "there is none of that name" : "not set");
        return config.backend ? -ENOENT : -EINVAL;
    }
    r = drcl_env_init(&env, &config);
    if (r == 0)
        r = any ? drcl_backend_probe_auto(&env, &config, text, size) : backend->probe(&env, &config, text, size);
    drcl_env_fini(&env);
    return r;
}
