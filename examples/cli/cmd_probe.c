/* SPDX-License-Identifier: MIT */
/* probe: each backend, whether it works here, and what would cure it if not; and whether what is reclaimed becomes free
 * and is given back. Reads only. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "common/giving.h"

static bool asked_for(const struct options *options, const char *name)
{
    const char *word;

    for (size_t i = 0; (word = config_word(options->config, i)) != NULL; i++)
        if (!strcmp(word, name))
            return true;
    return !config_word(options->config, 0);
}

static bool exists(const char *word)
{
    const char *name;

    for (size_t i = 0; (name = damon_reclaim_backend(i)) != NULL; i++)
        if (!strcmp(name, word))
            return true;
    return false;
}

#define MISSING "missing "

/* The text of a feature that is not there, "NAME: why" behind MISSING; NULL for a line about something else. */
static char *missing(char *line)
{
    return strncmp(line, MISSING, strlen(MISSING)) ? NULL : line + strlen(MISSING);
}

/* A line for the backend, and one for each feature that is missing; with --verbose all that was found. */
static void print_text(const struct options *options, const char *name, bool works, char *text)
{
    char *line = strtok(text, "\n");

    printf("%s: %s: %s\n", name, works ? "works" : "does not work here", line ? line : "nothing was found");
    while ((line = strtok(NULL, "\n")) != NULL)
        if (options->verbose || missing(line))
            printf("    %s\n", line);
}

static json_t *to_json(bool works, char *text)
{
    json_t *features = json_object(), *findings = json_array();
    char *line = strtok(text, "\n");
    json_t *reason = json_string(line ? line : "");

    while ((line = strtok(NULL, "\n")) != NULL) {
        char *feature = missing(line), *why = feature ? strstr(feature, ": ") : NULL;

        if (!why) {
            json_array_append_new(findings, json_string(line));
            continue;
        }
        *why = '\0';
        json_object_set_new(features, feature, json_pack("{s:b, s:s}", "works", 0, "reason", why + 2));
    }
    return json_pack("{s:b, s:o, s:o, s:o}", "works", works, "reason", reason, "features", features, "findings",
                     findings);
}

/* What becomes of what is reclaimed, by whatever backend. */
static void tell_giving(const struct options *options, json_t *all)
{
    static const char *const verdicts[] = {
        [GIVING_WORKS] = "works", [GIVING_NOTE] = "note", [GIVING_MISSING] = "missing"};
    struct giving_finding findings[GIVING_MAX];
    size_t n = giving_look(options->root ? options->root : "", findings);
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        const struct giving_finding *f = &findings[i];

        if (options->json)
            json_array_append_new(
                list, json_pack("{s:s, s:s, s:s}", "name", f->name, "verdict", verdicts[f->verdict], "text", f->text));
        else
            printf("%s: %s%s\n", f->name, f->verdict == GIVING_MISSING ? "missing: " : "", f->text);
    }
    json_object_set_new(all, "giving_back", list);
}

static int probe(struct options *options)
{
    json_t *all = json_object();
    bool usable = false;
    const char *name;
    int r;

    for (size_t i = 0; (name = config_word(options->config, i)) != NULL; i++) {
        if (!exists(name)) {
            cli_error("probe: there is no backend \"%s\"", name);
            json_decref(all);
            return CLI_USAGE;
        }
    }
    for (size_t i = 0; (name = damon_reclaim_backend(i)) != NULL; i++) {
        char text[4096] = "";
        bool works;

        if (!asked_for(options, name))
            continue;
        works = backend_works(options, name, text, sizeof(text));
        /* That memory can be simulated is no answer to whether memory can be reclaimed, unless it was the question. */
        usable |= works && (config_word(options->config, 0) || strcmp(name, "sim"));
        if (options->json)
            json_object_set_new(all, name, to_json(works, text));
        else
            print_text(options, name, works, text);
    }
    if (!config_word(options->config, 0))
        tell_giving(options, all);
    if (options->json) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(all);
    r = cli_flush();
    return r == CLI_OK && !usable ? CLI_NO_BACKEND : r;
}

const struct command command_probe = {"probe", "[BACKEND...]",
                                      "show which backends work here, and what becomes of reclaimed memory", probe};
