/* SPDX-License-Identifier: MIT */
/* The choice of a backend, and the context made with it. */
#ifndef BACKEND_H
#define BACKEND_H

#include <damon_reclaim/damon_reclaim.h>

#include "options.h"

/* Whether a backend works here; @text says why not and what would cure it, or what was found, a line a finding. */
bool backend_works(const struct options *options, const char *name, char *text, size_t size);

/* The backend to use: that of --backend, "sim" for --workload, else "auto". */
const char *backend_choose(const struct options *options);

/* Makes a context with the backend. Returns CLI_OK, or the exit code with a message. */
int backend_open(const struct options *options, const char *backend, const struct damon_reclaim_callbacks *callbacks,
                 void *userdata, struct damon_reclaim **ret);

#endif
