/* SPDX-License-Identifier: MIT */
#include "backend_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backends/idle_page/backend.h"
#include "backends/sim/sim.h"
#include "drivers/damon/backend.h"
#include "base/findings.h"

/* In the order in which damon_reclaim_backend() lists them. */
static const struct drcl_backend *const backends[] = {
    &drcl_backend_damon,
    &drcl_backend_idle_page,
    &drcl_backend_sim,
};

/* What "auto" tries, in this order. */
static const struct drcl_backend *const choice[] = {&drcl_backend_damon, &drcl_backend_idle_page};
#define NR_CHOICE (sizeof(choice) / sizeof(choice[0]))

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
    int r = backend->create(env, config, ret_backend);

    if (r < 0)
        return r;
    if (asks && backend->asks && !backend->asks(*ret_backend))
        r = drcl_error(env, -EOPNOTSUPP, "cannot call before_reclaim");
    else if (backend->is_free)
        r = backend->is_free(*ret_backend);
    if (r < 0)
        backend->ops->destroy(*ret_backend);
    return r;
}

static int create_any(struct drcl_env *env, const struct damon_reclaim_config *config, bool asks,
                      const struct drcl_backend **ret, void **ret_backend)
{
    char why[NR_CHOICE][240] = {""};
    int first = 0;

    for (size_t i = 0; i < NR_CHOICE; i++) {
        struct drcl_quiet quiet;
        int r;

        drcl_quiet_begin(env, &quiet); /* another one may work here */
        r = create_free(env, config, asks, choice[i], ret_backend);
        drcl_quiet_end(env, &quiet);
        if (r == 0) {
            drcl_log(env, DAMON_RECLAIM_LOG_INFO, "backend: %s%s%s", choice[i]->name, why[0][0] ? "; " : "", why[0]);
            *ret = choice[i];
            return 0;
        }
        if (r == -EINVAL || r == -E2BIG || r == -ENOMEM) /* the program's mistake, or no time to look further */
            return drcl_error(env, r, "%s", quiet.error);
        first = first ? first : r;
        snprintf(why[i], sizeof(why[i]), "%.16s: %.220s", choice[i]->name, quiet.error);
    }
    return drcl_refuse(env, first, "config.backend: \"auto\": no backend works here: %s; %s", why[0], why[1]);
}

/* The lines of @text, each with the name in front. */
static void add_lines(struct drcl_findings *findings, const char *name, const char *text)
{
    while (*text) {
        int len = (int)strcspn(text, "\n");

        drcl_findings_add(findings, "%s: %.*s\n", name, len, text);
        text += len + (text[len] == '\n');
    }
}

int drcl_backend_probe_auto(struct drcl_env *env, const struct damon_reclaim_config *config, char *text, size_t size)
{
    struct drcl_findings findings = {text, size, 0};
    int first = 0;
    bool works = false;

    for (size_t i = 0; i < NR_CHOICE; i++) {
        char found[2048] = "";
        int r = choice[i]->probe(env, config, found, sizeof(found));

        works = works || r == 0;
        first = first ? first : r;
        add_lines(&findings, choice[i]->name, found);
    }
    return works ? 0 : first;
}

int drcl_backend_create(struct drcl_env *env, const struct damon_reclaim_config *config, bool asks,
                        const struct drcl_backend **ret, void **ret_backend)
{
    const struct drcl_backend *backend = drcl_backend_find(config->backend);
    int r;

    if (!strcmp(config->backend, "auto"))
        return create_any(env, config, asks, ret, ret_backend);
    if (!backend)
        return drcl_refuse(env, -ENOENT, "config.backend: there is no \"%.40s\"; damon_reclaim_backend() lists them",
                           config->backend);
    r = backend->create(env, config, ret_backend);
    if (r == 0)
        *ret = backend;
    return r;
}
