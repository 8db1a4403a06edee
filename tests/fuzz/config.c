/* SPDX-License-Identifier: MIT */
/*
 * The configuration of the daemons and of the command line: a file, words of the command line, the boot line, rules of
 * --filter, what is excluded, and numbers. What is printed of a configuration reads as the same one.
 */
#include <errno.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config_internal.h"
#include "common/exclusion.h"
#include "common/filter.h"
#include "common/units.h"
#include "fuzz.h"

#define MOST_WORDS 64

static const struct config_option options[] = {
    {"agent", "switch", CONFIG_BOOL, "N", NULL, "", .letter = 's'},
    {"agent", "count", CONFIG_COUNT, "", NULL, "", .letter = 'c', .flags = CONFIG_NOT_IN_FILE},
    {"agent", "set", CONFIG_SETTING, "", NULL, "", .flags = CONFIG_NOT_IN_FILE},
    {"agent", "words", CONFIG_WORDS, "", NULL, "", .flags = CONFIG_NOT_IN_FILE},
    {"agent", "config", CONFIG_TEXT, "", NULL, "", .flags = CONFIG_NOT_IN_FILE},
    {"agent", "boot_line", CONFIG_BOOL, "N", NULL, "", .flags = CONFIG_NOT_IN_FILE},
    {"limits", "uint", CONFIG_UINT, "7", NULL, "", .min = 1, .max = 100},
    {"limits", "bytes", CONFIG_BYTES, "1MiB", NULL, ""},
    {"limits", "time", CONFIG_TIME, "2s", NULL, "", .min = 1000},
    {"limits", "share", CONFIG_SHARE, "2", NULL, ""},
    {"limits", "choice", CONFIG_CHOICE, "a", NULL, "", .choices = "a bc"},
    {"never", "commands", CONFIG_LIST, "", NULL, ""},
    {"vm", "text", CONFIG_TEXT, "", NULL, ""},
    {"vm", "list", CONFIG_LIST, "x", NULL, ""},
    {0},
};
static const struct config_option *const tables[] = {options, NULL};
static const char *const instances[] = {"vm", NULL};
static char path[64];
static const struct config_program program = {
    .name = "fuzz", .options = tables, .instances = instances, .file = path, .words = "WORD..."};
static int file = -1;

static void write_file(const char *text, size_t len)
{
    if (file < 0) {
        file = memfd_create("fuzz", MFD_CLOEXEC);
        must(file >= 0);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    }
    must(ftruncate(file, 0) == 0 && pwrite(file, text, len, 0) == (ssize_t)len);
}

/* A directory that has a boot line with that text, or none without a text. */
static const char *root_with(const char *boot_line)
{
    static char root[PATH_MAX];
    char line[PATH_MAX + 32];
    FILE *stream;

    if (!*root) {
        snprintf(root, sizeof(root), "%s/root.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        must(mkdtemp(root));
        snprintf(line, sizeof(line), "%s/proc", root);
        must(mkdir(line, 0700) == 0);
    }
    snprintf(line, sizeof(line), "%s/proc/cmdline", root);
    stream = fopen(line, "w");
    must(stream && (!boot_line || fputs(boot_line, stream) >= 0) && fclose(stream) == 0);
    return root;
}

static struct config *load(char *const *words, const char *boot_line)
{
    struct config_sources sources = {.words = words, .root = root_with(boot_line)};
    struct config *config = NULL;
    struct error_text error = {""};
    int r = config_load(&program, &sources, &config, &error);

    must(r == 0 ? config != NULL : !config && *error.text);
    must(r == 0 || r == -EINVAL || r == -ERANGE || r == -EACCES || r == -ENOENT || r == -EISDIR || r == -ENOMEM ||
         r == -ENOTDIR || r == -ENAMETOOLONG || r == -ELOOP || r == -EIO || r == -ENXIO || r == -EPERM);
    return config;
}

static const struct config_value *counterpart(const struct config *config, const struct config_value *value)
{
    for (size_t i = 0; i < config->n; i++) {
        const struct config_value *other = &config->values[i];

        if (!strcmp(other->option->name, value->option->name) && !other->instance == !value->instance &&
            (!value->instance || !strcmp(other->instance, value->instance)))
            return other;
    }
    return NULL;
}

static void must_be_same(const struct config *a, const struct config *b)
{
    must(a->n == b->n && a->nr_instances == b->nr_instances);
    for (size_t i = 0; i < a->n; i++) {
        const struct config_meaning *x = &a->values[i].meaning, *y;

        if (a->values[i].option->flags & CONFIG_NOT_IN_FILE)
            continue;
        must(counterpart(b, &a->values[i]));
        y = &counterpart(b, &a->values[i])->meaning;
        must(x->flag == y->flag && x->number == y->number && x->n == y->n);
        must(!x->text == !y->text && (!x->text || !strcmp(x->text, y->text)));
        for (size_t k = 0; k < x->n; k++)
            must(!strcmp(x->items[k], y->items[k]));
    }
    must(!memcmp(&a->params, &b->params, sizeof(a->params)));
}

static void check_config(const struct config *config)
{
    struct config *again;
    char *text;
    size_t len;
    FILE *stream = open_memstream(&text, &len);

    must(stream);
    config_show(config, stream);
    must(fclose(stream) == 0);
    write_file(text, len);
    free(text);
    again = load(NULL, NULL);
    must(again);
    must_be_same(config, again);
    config_free(again);
}

/* A line as each of the other texts that people write. */
static void check_line(const char *line)
{
    struct damon_reclaim_filter filter;
    struct damon_reclaim_exclusion exclusion;
    struct error_text error = {""};
    uint64_t number, end;
    char *words = NULL;
    pid_t pid;

    if (filter_parse(line, &filter, &words, &error) < 0)
        must(*error.text && !words);
    else
        must(damon_reclaim_filter_name(filter.type));
    free(words);
    for (int type = 0; damon_reclaim_exclusion_name((uint32_t)type); type++)
        if (exclusion_parse((uint32_t)type, line, &exclusion))
            must((int)exclusion.type == type && *line);
    must(!units_parse_pid(line, &pid) || pid > 0);
    if (units_parse_range(line, &number, &end))
        must(strchr(line, '-'));
}

static void check_boot_line(const char *text)
{
    static char word[] = "boot_line=Y";
    struct config *config = load((char *[]){word, NULL}, text);

    if (config)
        check_config(config);
    config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *words[MOST_WORDS + 1] = {NULL}, *text = malloc(size + 1), *save = NULL;
    struct config *config;
    size_t n = 0;

    must(text);
    memcpy(text, data, size);
    text[size] = '\0';
    write_file(text, size);
    config = load(NULL, NULL);
    if (config)
        check_config(config);
    config_free(config);
    /* The same text as a boot line, and as words of a command line, with an empty file. */
    write_file("", 0);
    check_boot_line(text);
    for (char *word = strtok_r(text, "\n", &save); word; word = strtok_r(NULL, "\n", &save)) {
        check_line(word);
        if (n < MOST_WORDS && !strstr(word, "config")) /* which is read, whatever it is */
            words[n++] = word;
    }
    write_file("", 0);
    config = load(words, NULL);
    if (config)
        check_config(config);
    config_free(config);
    free(text);
    return 0;
}
