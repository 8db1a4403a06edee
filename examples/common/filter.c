/* SPDX-License-Identifier: MIT */
#include "common/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/units.h"

#define MAX_WORDS 5
#define BLANKS    " \t"

const char filter_help[] =
    "RULE of --filter: reject|allow [not] WHAT. The first rule that matches decides; if none does, the opposite of the "
    "last.\n"
    "WHAT: anon | active | young | unmapped | memcg PATH | addr START-END | hugepage_size MIN-MAX | target N\n"
    "      PATH is a cgroup below /sys/fs/cgroup. Addresses and sizes may have 0x, or KiB, MiB, GiB or TiB.\n"
    "  --filter 'reject anon'           leave anonymous memory alone\n"
    "  --filter 'allow memcg /batch'    reclaim only memory that is charged to this cgroup\n";

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

/* The words of a rule; what is missing at the end is NULL. */
static int parse(char *const words[MAX_WORDS], size_t n, struct damon_reclaim_filter *filter, struct error_text *error)
{
    const char *argument;
    size_t at = 1;

    if (!n || (strcmp(words[0], "reject") && strcmp(words[0], "allow")))
        return error_set(error, -EINVAL, "does not begin with reject or allow");
    *filter = (struct damon_reclaim_filter){.matching = true, .allow = !strcmp(words[0], "allow")};
    if (at < n && !strcmp(words[at], "not")) {
        filter->matching = false;
        at++;
    }
    if (at == n)
        return error_set(error, -EINVAL, "the kind of memory is missing; see --help");
    if (damon_reclaim_filter_from_name(words[at], &filter->type) < 0)
        return error_set(error, -EINVAL, "there is no kind of memory \"%s\"; see --help", words[at]);
    argument = argument_of(filter->type);
    if (n != at + 1 + !!argument || (argument && !take_argument(filter, words[at + 1])))
        return error_set(error, -EINVAL, "%s is followed by %s", words[at], argument ? argument : "nothing");
    return 0;
}

int filter_parse(const char *text, struct damon_reclaim_filter *ret, char **ret_words, struct error_text *error)
{
    struct damon_reclaim_filter filter = {0};
    char *words[MAX_WORDS] = {NULL}, *copy = strdup(text), *save = NULL;
    size_t n = 0;
    int r = copy ? 0 : error_set(error, -ENOMEM, "no memory");

    for (char *word = copy ? strtok_r(copy, BLANKS, &save) : NULL; word && r == 0;
         word = strtok_r(NULL, BLANKS, &save)) {
        if (n == MAX_WORDS)
            r = error_set(error, -EINVAL, "too many words");
        else
            words[n++] = word;
    }
    if (r == 0)
        r = parse(words, n, &filter, error);
    if (r < 0) {
        free(copy);
        return r;
    }
    *ret = filter;
    *ret_words = copy;
    return 0;
}
