/* SPDX-License-Identifier: MIT */
/* Parameters as text: words of NAME=VALUE, one at a time and all in a line. */
#include <errno.h>

#include <damon_reclaim/damon_reclaim.h>

#include "fuzz.h"

#define MOST_TEXT 2048 /* of a whole set */

static void must_explain_in(const char *text)
{
    must(text[0] && !strchr(text, '\n'));
}

/* What was read prints as something that reads the same. */
static void check_value(const struct damon_reclaim_params *params, const char *name)
{
    struct damon_reclaim_params again = {.size = sizeof(again)};
    char value[32], other[32];

    must(damon_reclaim_params_get(params, name, value, sizeof(value)) > 0);
    must(damon_reclaim_params_init(&again) == 0);
    must(damon_reclaim_params_set(&again, name, value, NULL, 0) == 0);
    must(damon_reclaim_params_get(&again, name, other, sizeof(other)) > 0);
    must(!strcmp(value, other));
}

static void check_word(struct damon_reclaim_params *params, char *word)
{
    const struct damon_reclaim_params before = *params;
    char *equals = strchr(word, '='), error[256] = "";
    int r;

    if (!equals)
        return;
    *equals = '\0';
    r = damon_reclaim_params_set(params, word, equals + 1, error, sizeof(error));
    if (r == 0) {
        check_value(params, word);
        return;
    }
    must(r == -ENOENT || r == -EACCES || r == -EINVAL || r == -ERANGE || r == -EOPNOTSUPP);
    must(!memcmp(&before, params, sizeof(before)));
    must_explain_in(error);
}

/* A line changes all or nothing, and what it came to can be written as one. */
static void check_line(const char *line)
{
    struct damon_reclaim_params params = {.size = sizeof(params)}, before, again = {.size = sizeof(again)};
    char error[256] = "", text[MOST_TEXT];

    must(damon_reclaim_params_init(&params) == 0 && damon_reclaim_params_init(&again) == 0);
    before = params;
    if (damon_reclaim_params_set_line(&params, line, error, sizeof(error)) < 0) {
        must(!memcmp(&before, &params, sizeof(before)));
        must(error[0]);
    }
    must(damon_reclaim_params_get_line(&params, text, sizeof(text)) < MOST_TEXT);
    must(damon_reclaim_params_set_line(&again, text, NULL, 0) == 0);
    must(!memcmp(&params, &again, sizeof(params)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};
    char *text = malloc(size + 1), *word, *rest, error[256] = "";

    must(text && damon_reclaim_params_init(&params) == 0);
    memcpy(text, data, size);
    text[size] = '\0';
    check_line(text);
    for (word = strtok_r(text, ";", &rest); word; word = strtok_r(NULL, ";", &rest))
        check_word(&params, word);
    if (damon_reclaim_params_check(&params, error, sizeof(error)) < 0)
        must_explain_in(error);
    else
        must(params.min_nr_regions <= params.max_nr_regions && params.sample_interval <= params.aggr_interval &&
             params.wmarks_low <= params.wmarks_mid && params.wmarks_mid <= params.wmarks_high);
    free(text);
    return 0;
}
