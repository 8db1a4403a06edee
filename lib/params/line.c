/* SPDX-License-Identifier: MIT */
#include "params/line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "params/parse.h"

#define BLANKS       " \t\r\n"
#define LONGEST_WORD 127 /* more than any name with any value */

int drcl_params_parse(const char *name, const char *text, struct damon_reclaim_params *params,
                      struct drcl_switches *switches, const struct drcl_error_text *error)
{
    const struct drcl_param *param = drcl_param_find(name);
    uint64_t value;
    int r;

    if (!param)
        return drcl_params_error(error, -ENOENT, "%.60s: there is no such parameter", name);
    r = drcl_param_parse(param, text, error, &value);
    if (r < 0)
        return r;
    if (param->kind == DRCL_PARAM_SETTING) {
        drcl_param_set(param, params, value);
    } else if (!switches) {
        return drcl_params_error(error, -EOPNOTSUPP, "%s: acts on a context, and is no part of a set of parameters",
                                 param->info.name);
    } else if (param->kind == DRCL_PARAM_COMMIT) {
        switches->commit = value;
    } else {
        switches->has_enabled = true;
        switches->enabled = value;
    }
    return 0;
}

static int parse_word(char *word, struct damon_reclaim_params *params, struct drcl_switches *switches,
                      const struct drcl_error_text *error)
{
    char *equals = strchr(word, '=');

    if (!equals || equals == word)
        return drcl_params_error(error, -EINVAL, "\"%s\" is not NAME=VALUE", word);
    *equals = '\0';
    return drcl_params_parse(word, equals + 1, params, switches, error);
}

int drcl_params_parse_line(const char *line, struct damon_reclaim_params *params, struct drcl_switches *switches,
                           const struct drcl_error_text *error)
{
    int r = 0;

    for (line += strspn(line, BLANKS); *line && r == 0; line += strspn(line, BLANKS)) {
        size_t len = strcspn(line, BLANKS);
        char word[LONGEST_WORD + 1];

        if (len > LONGEST_WORD)
            return drcl_params_error(error, -EINVAL, "\"%.40s...\" is too long for NAME=VALUE", line);
        snprintf(word, sizeof(word), "%.*s", (int)len, line);
        r = parse_word(word, params, switches, error);
        line += len;
    }
    return r;
}
