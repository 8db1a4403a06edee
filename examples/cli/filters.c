/* SPDX-License-Identifier: MIT */
#include "filters.h"

#include <errno.h>
#include <stdlib.h>

#include "common/filter.h"

static int exit_code(int error)
{
    switch (error) {
    case 0:
        return CLI_OK;
    case -ENOENT:
        return CLI_NO_TARGET;
    case -ENOMEM:
        return CLI_FAILED;
    default:
        return CLI_USAGE;
    }
}

int filters_set(const struct options *options, struct damon_reclaim *ctx)
{
    size_t n = options->filters.n, parsed = 0;
    struct damon_reclaim_filter *filters;
    struct error_text error;
    char **words;
    int r = 0;

    if (!n)
        return CLI_OK;
    filters = cli_realloc(NULL, n, sizeof(*filters));
    words = cli_realloc(NULL, n, sizeof(*words));
    for (; parsed < n && r == 0; parsed += r == 0) {
        r = filter_parse(options->filters.items[parsed], &filters[parsed], &words[parsed], &error);
        if (r < 0)
            cli_error("--filter='%s': %s", options->filters.items[parsed], error.text);
    }
    if (r == 0) {
        r = damon_reclaim_set_filters(ctx, DAMON_RECLAIM_SCHEME_RECLAIM, filters, n);
        if (r < 0)
            cli_error("--filter: %s", damon_reclaim_last_error(ctx));
    }
    while (parsed)
        free(words[--parsed]);
    free(words);
    free(filters);
    return exit_code(r);
}
