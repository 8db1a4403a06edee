/* SPDX-License-Identifier: MIT */
#include "backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORKLOAD ((size_t)16 << 20)

static struct damon_reclaim_damon_config damon_config(const struct options *options)
{
    struct damon_reclaim_damon_config config = {.size = sizeof(config), .operations = options->operations};

    if (options->take_over)
        config.flags |= DAMON_RECLAIM_DAMON_TAKE_OVER;
    if (options->monitor_only)
        config.flags |= DAMON_RECLAIM_DAMON_MONITOR_ONLY;
    return config;
}

bool backend_works(const struct options *options, const char *name, char *text, size_t size)
{
    struct damon_reclaim_damon_config damon = damon_config(options);
    struct damon_reclaim_config config = {
        .size = sizeof(config), .backend = name, .root = options->root, .damon = &damon};

    return damon_reclaim_probe(&config, text, size) == 0;
}

const char *backend_choose(const struct options *options)
{
    if (options->backend)
        return options->backend;
    return options->workload ? "sim" : "auto";
}

/* The text of a file, "-" for stdin, with a NUL behind it; the caller frees it. NULL with a message. */
static char *read_workload(const char *path, size_t *ret_len)
{
    FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
    size_t len = 0, capacity = 65536;
    char *text = NULL;

    if (!file) {
        cli_error("%s: %s", path, strerror(errno));
        return NULL;
    }
    for (;; capacity *= 2) {
        text = cli_realloc(text, capacity, 1);
        len += fread(text + len, 1, capacity - 1 - len, file);
        if (len < capacity - 1 || len > MAX_WORKLOAD)
            break;
    }
    if (ferror(file)) {
        cli_error("%s: %s", path, strerror(errno));
        free(text);
        text = NULL;
    } else {
        text[len] = '\0';
    }
    if (file != stdin)
        fclose(file);
    *ret_len = len;
    return text;
}

static int exit_code(int error)
{
    switch (error) {
    case -EINVAL:
    case -E2BIG:
        return CLI_USAGE;
    case -ENOMEM:
        return CLI_FAILED;
    default:
        return CLI_NO_BACKEND;
    }
}

int backend_open(const struct options *options, const char *backend, const struct damon_reclaim_callbacks *callbacks,
                 void *userdata, struct damon_reclaim **ret)
{
    struct damon_reclaim_sim_config sim = {.size = sizeof(sim),
                                           .workload_name = options->workload,
                                           .accesses_per_second = options->rate,
                                           .memory_bytes = options->memory};
    struct damon_reclaim_damon_config damon = damon_config(options);
    char error[512] = "";
    struct damon_reclaim_config config = {.size = sizeof(config),
                                          .backend = backend,
                                          .callbacks = callbacks,
                                          .userdata = userdata,
                                          .root = options->root,
                                          .seed = options->seed,
                                          .flags = DAMON_RECLAIM_KEEP_ON_INVALID,
                                          .sim = &sim,
                                          .damon = &damon,
                                          .error = error,
                                          .error_size = sizeof(error)};
    char *text = NULL;
    int r;

    if (options->workload) {
        text = read_workload(options->workload, &sim.workload_len);
        if (!text)
            return CLI_USAGE;
        sim.workload = text;
    }
    if (options->wait || options->comms.n || options->cgroups.n)
        config.flags |= DAMON_RECLAIM_ALLOW_NO_TARGET;
    if (options->dry_run)
        config.flags |= DAMON_RECLAIM_DRY_RUN;
    if (options->largest_ram)
        config.flags |= DAMON_RECLAIM_LARGEST_RAM;
    if (options->every_sample)
        config.flags |= DAMON_RECLAIM_EVERY_SAMPLE;
    r = damon_reclaim_new(&config, ret);
    free(text);
    if (r == 0)
        return CLI_OK;
    cli_error("%s%s", error, strcmp(backend, "auto") ? "" : "; or simulate memory with --workload FILE");
    return exit_code(r);
}
