/* SPDX-License-Identifier: MIT */
#include "backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORKLOAD ((size_t)16 << 20)

bool backend_works(const struct options *options, const char *name, char *text, size_t size)
{
    struct damon_reclaim_config config = {.size = sizeof(config), .backend = name, .root = options->root};

    return damon_reclaim_probe(&config, text, size) == 0;
}

static bool is_simulation(const char *backend)
{
    return !strcmp(backend, "sim");
}

/* "no usable backend", and a paragraph for each. */
static void complain(const struct options *options)
{
    const char *name;

    cli_error("no usable backend:");
    for (size_t i = 0; (name = damon_reclaim_backend(i)) != NULL; i++) {
        char text[2048] = "";

        if (is_simulation(name))
            snprintf(text, sizeof(text),
                     "simulates memory, and only when told to; add --workload FILE or --backend sim");
        else
            backend_works(options, name, text, sizeof(text));
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
            fprintf(stderr, "  %s: %s\n", name, line);
    }
}

const char *backend_choose(const struct options *options)
{
    const char *name;
    char text[2048];

    if (options->backend)
        return options->backend;
    if (options->workload)
        return "sim";
    for (size_t i = 0; (name = damon_reclaim_backend(i)) != NULL; i++)
        if (!is_simulation(name) && backend_works(options, name, text, sizeof(text)))
            return name;
    complain(options);
    return NULL;
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
    char error[512] = "";
    struct damon_reclaim_config config = {.size = sizeof(config),
                                          .backend = backend,
                                          .callbacks = callbacks,
                                          .userdata = userdata,
                                          .root = options->root,
                                          .seed = options->seed,
                                          .flags = DAMON_RECLAIM_KEEP_ON_INVALID,
                                          .sim = &sim,
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
    r = damon_reclaim_new(&config, ret);
    free(text);
    if (r == 0)
        return CLI_OK;
    cli_error("%s", error);
    return exit_code(r);
}
