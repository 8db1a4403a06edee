/* SPDX-License-Identifier: MIT */
#include "backends.h"

#include <errno.h>
#include <stdio.h>
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

static int create_free(struct drcl_env *env, const struct damon_reclaim_config *config, bool asks,
                       const struct drcl_backend *backend, void **ret_backend)
{
    int r;

    if (asks && backend->driver)
        return drcl_error(env, -EOPNOTSUPP, "asks no before_reclaim callback");
    r = backend->create(env, config, ret_backend);
    if (r == 0 && backend->is_free) {
        r = backend->is_free(*ret_backend);
        if (r < 0)
            backend->ops->destroy(*ret_backend);
    }
    return r;
}

static int create_any(struct drcl_env *env, const struct damon_reclaim_config *config, bool asks,
                      const struct drcl_backend **ret, void **ret_backend)
{
    static const struct drcl_backend *const choice[] = {&drcl_backend_damon, &drcl_backend_idle_page};
    void (*log)(void *, enum damon_reclaim_log_level, const char *) = env->log;
    char why[2][224] = {"", ""};
    int r, first = 0;

    for (size_t i = 0; i < sizeof(choice) / sizeof(choice[0]); i++) {
        env->log = NULL; /* that one of them does not work here is no error */
        r = create_free(env, config, asks, choice[i], ret_backend);
        env->log = log;
        if (r == 0) {
            env->error[0] = '\0';
            drcl_log(env, DAMON_RECLAIM_LOG_INFO, "backend: %s%s%s", choice[i]->name, why[0][0] ? "; " : "", why[0]);
            *ret = choice[i];
            return 0;
        }
        first = first ? first : r;
        snprintf(why[i], sizeof(why[i]), "%.16s: %.200s", choice[i]->name, env->error);
    }
    return drcl_error(env, first, "config.backend: \"auto\" finds none that works here: %s; %s", why[0], why[1]);
}

int drcl_backend_create(struct drcl_env *env, const struct damon_reclaim_config *config, bool asks,
                        const struct drcl_backend **ret, void **ret_backend)
{
    const struct drcl_backend *backend = drcl_backend_find(config->backend);
    int r;

    if (!strcmp(config->backend, "auto"))
        return create_any(env, config, asks, ret, ret_backend);
    if (!backend)
        return drcl_error(env, -ENOENT, "config.backend: there is no \"%.40s\"; damon_reclaim_backend() lists them",
                          config->backend);
    r = backend->create(env, config, ret_backend);
    if (r == 0)
        *ret = backend;
    return r;
}
