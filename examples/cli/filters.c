/* SPDX-License-Identifier: MIT */
#include "filters.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/units.h"

#define MAX_WORDS 5
#define BLANKS    " \t"

const char filters_help[] =
    "RULE of --filter: reject|allow [not] WHAT. The first rule that matches decides; if none does, the opposite of the "
    "last.\n"
    "WHAT: anon | active | young | unmapped | memcg PATH | addr START-END | hugepage_size MIN-MAX | target N\n"
    "      PATH is a cgroup below /sys/fs/cgroup. Addresses and sizes may have 0x, or KiB, MiB, GiB or TiB.\n"
    "  --filter 'reject anon'           leave anonymous memory alone\n"
    "  --filter 'allow memcg /batch'    reclaim only memory that is charged to this cgroup\n";

/* A rule, cut into words. */
struct rule {
    char *text; /* of the words */
    char *words[MAX_WORDS];
    size_t n;
};

/* What follows the name of a type; NULL: nothing. */
static const char *const arguments[] = {
    [DAMON_RECLAIM_FILTER_ADDR] = "START-END",
    [DAMON_RECLAIM_FILTER_TARGET] = "N",
    [DAMON_RECLAIM_FILTER_MEMCG] = "PATH",
    [DAMON_RECLAIM_FILTER_HUGEPAGE_SIZE] = "MIN-MAX",
};

static const char *argument_of(enum damon_reclaim_filter_type type)
{
    return (size_t)type < sizeof(arguments) / sizeof(arguments[0]) ? arguments[type] : NULL;
}

static bool cut(struct rule *rule, const char *text)
{
    size_t n = strlen(text) + 1;

    *rule = (struct rule){.text = memcpy(cli_realloc(NULL, n, 1), text, n)};
    for (char *word = strtok(rule->text, BLANKS); word; word = strtok(NULL, BLANKS)) {
        if (rule->n == MAX_WORDS)
            return false;
        rule->words[rule->n++] = word;
    }
    return true;
}

static bool take_argument(struct damon_reclaim_filter *filter, const char *argument)
{
    uint64_t number;

    switch (filter->type) {
    case DAMON_RECLAIM_FILTER_MEMCG:
        filter->memcg_path = argument;
        return true;
    case DAMON_RECLAIM_FILTER_ADDR:
    case DAMON_RECLAIM_FILTER_HUGEPAGE_SIZE:
        return units_parse_range(argument, &filter->start, &filter->end);
    case DAMON_RECLAIM_FILTER_TARGET:
        if (!units_parse(argument, &number) || number > UINT32_MAX)
            return false;
        filter->target = (uint32_t)number;
        return true;
    default:
        return false;
    }
}

/* The filter that a rule stands for; its path is the rule's. False with a message if it is none. */
static bool parse(const struct rule *rule, const char *text, struct damon_reclaim_filter *ret)
{
    struct damon_reclaim_filter filter = {.matching = true};
    const char *argument;
    size_t at = 1;

    if (!rule->n || (strcmp(rule->words[0], "reject") && strcmp(rule->words[0], "allow"))) {
        cli_error("--filter='%s': does not begin with reject or allow", text);
        return false;
    }
    filter.allow = !strcmp(rule->words[0], "allow");
    if (at < rule->n && !strcmp(rule->words[at], "not")) {
        filter.matching = false;
        at++;
    }
    if (at == rule->n) {
        cli_error("--filter='%s': the kind of memory is missing; see --help", text);
        return false;
    }
    if (damon_reclaim_filter_from_name(rule->words[at], &filter.type) < 0) {
        cli_error("--filter='%s': there is no kind of memory \"%s\"; see --help", text, rule->words[at]);
        return false;
    }
    argument = argument_of(filter.type);
    if (rule->n != at + 1 + !!argument || (argument && !take_argument(&filter, rule->words[at + 1]))) {
        cli_error("--filter='%s': %s is followed by %s", text, rule->words[at], argument ? argument : "nothing");
        return false;
    }
    *ret = filter;
    return true;
}

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
    size_t n = options->filters.n;
    struct damon_reclaim_filter *filters;
    struct rule *rules;
    bool good = true;
    int r = CLI_USAGE;

    if (!n)
        return CLI_OK;
    filters = cli_realloc(NULL, n, sizeof(*filters));
    rules = cli_realloc(NULL, n, sizeof(*rules));
    for (size_t i = 0; i < n; i++) {
        bool fits = cut(&rules[i], options->filters.items[i]);

        if (good && !fits)
            cli_error("--filter='%s': too many words", options->filters.items[i]);
        good = good && fits && parse(&rules[i], options->filters.items[i], &filters[i]);
    }
    if (good) {
        r = exit_code(damon_reclaim_set_filters(ctx, DAMON_RECLAIM_SCHEME_RECLAIM, filters, n));
        if (r != CLI_OK)
            cli_error("--filter: %s", damon_reclaim_last_error(ctx));
    }
    for (size_t i = 0; i < n; i++)
        free(rules[i].text);
    free(rules);
    free(filters);
    return r;
}
