/* SPDX-License-Identifier: MIT */
#include "backends/sim/workload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/grow.h"

#define MAX_FIELDS 5
#define QUOTE      40 /* characters of a line that a message repeats */

struct text {
    const char *at;
    size_t len;
};

struct parser {
    struct drcl_env *env;
    const char *name;
    struct text rest; /* not yet read */
    unsigned int line;
    struct drcl_workload *w;
    uint32_t *by_name; /* numbers of the regions, by name */
    size_t regions_cap, by_name_cap, phases_cap, patterns_cap;
    uint64_t total_size;
};

/* The arguments of "%.*s" for a piece of the file in a message. */
#define QUOTED(t) (int)((t).len < QUOTE ? (t).len : QUOTE), (t).at

__attribute__((format(printf, 2, 3))) static int fail(struct parser *p, const char *format, ...)
{
    char what[DRCL_ERROR_SIZE / 2];
    va_list ap;

    va_start(ap, format);
    vsnprintf(what, sizeof(what), format, ap);
    va_end(ap);
    if (!p->line) /* not even one is there */
        return drcl_error(p->env, -EINVAL, "%s: %s", p->name, what);
    return drcl_error(p->env, -EINVAL, "%s:%u: %s", p->name, p->line, what);
}

static int no_memory(struct parser *p)
{
    return drcl_error(p->env, -ENOMEM, "%s: out of memory", p->name);
}

/* Makes room for element number @n. */
static int grow(struct parser *p, void *array, size_t *capacity, uint32_t n, size_t size)
{
    return drcl_grow(p->env, array, capacity, (size_t)n + 1, size) < 0 ? no_memory(p) : 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct text trim(struct text t)
{
    while (t.len && is_space(t.at[0])) {
        t.at++;
        t.len--;
    }
    while (t.len && is_space(t.at[t.len - 1]))
        t.len--;
    return t;
}

static bool equals(struct text t, const char *word)
{
    return t.len == strlen(word) && !memcmp(t.at, word, t.len);
}

/* Takes the next line of the file. False at its end. */
static bool next_line(struct parser *p, struct text *ret)
{
    const char *end;

    if (!p->rest.len)
        return false;
    end = memchr(p->rest.at, '\n', p->rest.len);
    ret->at = p->rest.at;
    ret->len = end ? (size_t)(end - ret->at) : p->rest.len;
    p->rest.at += ret->len + (end != NULL);
    p->rest.len -= ret->len + (end != NULL);
    *ret = trim(*ret);
    p->line++;
    return true;
}

/* Splits a line at its commas. Returns the number of fields, MAX_FIELDS + 1 if there are more than that. */
static unsigned int split(struct text line, struct text fields[MAX_FIELDS])
{
    for (unsigned int n = 0; n < MAX_FIELDS; n++) {
        const char *comma = memchr(line.at, ',', line.len);

        fields[n].at = line.at;
        fields[n].len = comma ? (size_t)(comma - line.at) : line.len;
        if (!comma) {
            fields[n] = trim(fields[n]);
            return n + 1;
        }
        line.at = comma + 1;
        line.len -= fields[n].len + 1;
        fields[n] = trim(fields[n]);
    }
    return MAX_FIELDS + 1;
}

static int number(struct parser *p, struct text t, const char *what, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;

    if (!t.len)
        return fail(p, "the %s is missing; write a decimal number", what);
    for (size_t i = 0; i < t.len; i++) {
        unsigned int digit = (unsigned int)(unsigned char)t.at[i] - '0';

        if (digit > 9)
            return fail(p, "the %s \"%.*s\" is no decimal number", what, QUOTED(t));
        if (value > (max - digit) / 10)
            return fail(p, "the %s %.*s is too large; at most %" PRIu64, what, QUOTED(t), max);
        value = value * 10 + digit;
    }
    *ret = value;
    return 0;
}

/* Where @name is among the regions by name, or would be; *ret_found tells which. */
static uint32_t find_region(const struct parser *p, struct text name, bool *ret_found)
{
    uint32_t low = 0, high = p->w->nr_regions;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        const struct drcl_workload_region *region = &p->w->regions[p->by_name[mid]];
        size_t common = name.len < region->name_len ? name.len : region->name_len;
        int order = memcmp(name.at, region->name, common);

        if (order == 0 && name.len == region->name_len) {
            *ret_found = true;
            return mid;
        }
        if (order < 0 || (order == 0 && name.len < region->name_len))
            high = mid;
        else
            low = mid + 1;
    }
    *ret_found = false;
    return low;
}

static int add_region(struct parser *p, const struct drcl_workload_region *region, uint32_t position)
{
    struct drcl_workload *w = p->w;
    int r;

    r = grow(p, &w->regions, &p->regions_cap, w->nr_regions, sizeof(*w->regions));
    if (r < 0)
        return r;
    r = grow(p, &p->by_name, &p->by_name_cap, w->nr_regions, sizeof(*p->by_name));
    if (r < 0)
        return r;
    memmove(p->by_name + position + 1, p->by_name + position, (w->nr_regions - position) * sizeof(*p->by_name));
    p->by_name[position] = w->nr_regions;
    w->regions[w->nr_regions++] = *region;
    p->total_size += region->size;
    return 0;
}

/* name, size[, file] */
static int region_line(struct parser *p, struct text line)
{
    struct drcl_workload_region region = {0};
    struct text fields[MAX_FIELDS];
    unsigned int n = split(line, fields);
    uint32_t position;
    bool found;
    int r;

    if (n < 2 || n > 3)
        return fail(p, "\"%.*s\" is no region; write: name, size in bytes[, file]", QUOTED(line));
    if (!fields[0].len)
        return fail(p, "the region has no name; write: name, size in bytes[, file]");
    if (n == 3 && !fields[2].len)
        return fail(p, "the file of region \"%.*s\" is missing; write a name, or none", QUOTED(fields[0]));
    r = number(p, fields[1], "size of the region", DRCL_WORKLOAD_MAX_SIZE, &region.size);
    if (r < 0)
        return r;
    if (!region.size)
        return fail(p, "region \"%.*s\" is empty; give it a size in bytes", QUOTED(fields[0]));
    if (region.size > DRCL_WORKLOAD_MAX_SIZE - p->total_size)
        return fail(p, "the regions add up to more than %" PRIu64 " bytes", DRCL_WORKLOAD_MAX_SIZE);
    if (p->w->nr_regions == DRCL_WORKLOAD_MAX_REGIONS)
        return fail(p, "more than %u regions; join some", DRCL_WORKLOAD_MAX_REGIONS);
    position = find_region(p, fields[0], &found);
    if (found)
        return fail(p, "region \"%.*s\" is there already; rename one of them", QUOTED(fields[0]));
    region.name = fields[0].at;
    region.name_len = fields[0].len;
    region.file = n == 3 && !equals(fields[2], "none");
    return add_region(p, &region, position);
}

static int phase_name_line(struct parser *p)
{
    struct drcl_workload *w = p->w;
    int r;

    if (w->nr_phases == DRCL_WORKLOAD_MAX_PHASES)
        return fail(p, "more than %u phases; join some", DRCL_WORKLOAD_MAX_PHASES);
    r = grow(p, &w->phases, &p->phases_cap, w->nr_phases, sizeof(*w->phases));
    if (r < 0)
        return r;
    w->phases[w->nr_phases++] = (struct drcl_workload_phase){.first_pattern = w->nr_patterns};
    return 0;
}

static int duration_line(struct parser *p, struct text line)
{
    struct drcl_workload_phase *phase = &p->w->phases[p->w->nr_phases - 1];
    int r;

    r = number(p, line, "duration of the phase in ms", DRCL_WORKLOAD_MAX_PHASE_MS, &phase->ms);
    if (r < 0)
        return r;
    if (!phase->ms)
        return fail(p, "the phase lasts 0 ms; give it a duration");
    return 0;
}

/* region, randomness, stride, probability[, ro|wo|rw] */
static int pattern_line(struct parser *p, struct text line)
{
    struct drcl_workload *w = p->w;
    struct drcl_workload_pattern pattern;
    struct text fields[MAX_FIELDS];
    unsigned int n = split(line, fields);
    uint32_t position;
    bool found;
    int r;

    if (n < 4 || n > 5)
        return fail(p, "\"%.*s\" is no pattern; write: region, randomness, stride, probability[, ro|wo|rw]",
                    QUOTED(line));
    position = find_region(p, fields[0], &found);
    if (!found)
        return fail(p, "no region is called \"%.*s\"; the first paragraph lists them", QUOTED(fields[0]));
    pattern.region = p->by_name[position];
    if (!equals(fields[1], "0") && !equals(fields[1], "1"))
        return fail(p, "the randomness \"%.*s\" is neither 0 (sequential) nor 1 (random)", QUOTED(fields[1]));
    pattern.random = fields[1].at[0] == '1';
    r = number(p, fields[2], "stride", DRCL_WORKLOAD_MAX_SIZE, &pattern.stride);
    if (r < 0)
        return r;
    if (!pattern.random && !pattern.stride)
        return fail(p, "the stride of a sequential pattern is 0; write at least 1");
    r = number(p, fields[3], "probability", DRCL_WORKLOAD_MAX_WEIGHT, &pattern.weight);
    if (r < 0)
        return r;
    if (n == 5 && !equals(fields[4], "ro") && !equals(fields[4], "wo") && !equals(fields[4], "rw"))
        return fail(p, "the mode \"%.*s\" is none of ro, wo, rw", QUOTED(fields[4]));
    if (w->nr_patterns == DRCL_WORKLOAD_MAX_PATTERNS)
        return fail(p, "more than %u patterns; join some", DRCL_WORKLOAD_MAX_PATTERNS);
    r = grow(p, &w->patterns, &p->patterns_cap, w->nr_patterns, sizeof(*w->patterns));
    if (r < 0)
        return r;
    w->patterns[w->nr_patterns++] = pattern;
    w->phases[w->nr_phases - 1].nr_patterns++;
    w->phases[w->nr_phases - 1].weight += pattern.weight;
    return 0;
}

/* A paragraph of @nr_lines lines is over. */
static int end_paragraph(struct parser *p, unsigned int nr_lines)
{
    const struct drcl_workload_phase *phase;

    if (!p->w->nr_phases)
        return 0; /* it was the regions */
    phase = &p->w->phases[p->w->nr_phases - 1];
    if (nr_lines < 2)
        return fail(p, "the phase ends after its name; its duration in ms belongs on the next line");
    if (phase->nr_patterns && !phase->weight)
        return fail(p, "every probability of the phase is 0; raise one, or leave the patterns out");
    return 0;
}

static int line_of_paragraph(struct parser *p, struct text line, unsigned int paragraph, unsigned int nr_lines)
{
    if (paragraph == 0)
        return region_line(p, line);
    if (nr_lines == 0)
        return phase_name_line(p);
    return nr_lines == 1 ? duration_line(p, line) : pattern_line(p, line);
}

static int parse_lines(struct parser *p)
{
    unsigned int paragraph = 0, nr_lines = 0;
    struct text line;
    int r;

    while (next_line(p, &line)) {
        if (line.len && line.at[0] == '#')
            continue;
        if (line.len) {
            r = line_of_paragraph(p, line, paragraph, nr_lines);
            if (r < 0)
                return r;
            nr_lines++;
        } else if (nr_lines) {
            r = end_paragraph(p, nr_lines);
            if (r < 0)
                return r;
            paragraph++;
            nr_lines = 0;
        }
    }
    if (!p->w->nr_regions)
        return fail(p, "nothing is in it; the first paragraph lists regions: name, size in bytes[, file]");
    r = nr_lines ? end_paragraph(p, nr_lines) : 0;
    if (r < 0)
        return r;
    if (!p->w->nr_phases)
        return fail(p, "no phase; after a blank line write its name, its duration in ms, and its patterns");
    return 0;
}

/* Messages and logs repeat pieces of the file: nothing in it may act on a terminal. */
static int check_characters(struct parser *p)
{
    for (size_t i = 0; i < p->rest.len; i++) {
        unsigned char c = (unsigned char)p->rest.at[i];

        if (c == '\n')
            p->line++;
        else if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f)
            return p->line++, fail(p, "a control character, 0x%02x; a workload is a text", c);
    }
    p->line = 0;
    return 0;
}

int drcl_workload_parse(struct drcl_env *env, const char *text, size_t len, const char *name,
                        struct drcl_workload **ret)
{
    struct parser p = {.env = env, .name = name};
    int r;

    if (len > DRCL_WORKLOAD_MAX_TEXT)
        return drcl_error(env, -EINVAL, "%s: the workload is %zu bytes long; at most %" PRIu64, name, len,
                          DRCL_WORKLOAD_MAX_TEXT);
    p.w = drcl_zalloc(env, sizeof(*p.w));
    if (!p.w)
        return no_memory(&p);
    r = -ENOMEM;
    p.w->text = drcl_alloc(env, len);
    if (!p.w->text) {
        no_memory(&p);
        goto out;
    }
    if (len)
        memcpy(p.w->text, text, len);
    p.rest = (struct text){p.w->text, len};
    if (len >= 3 && !memcmp(p.w->text, "\xef\xbb\xbf", 3)) /* the mark of UTF-8 */
        p.rest = (struct text){p.w->text + 3, len - 3};
    r = check_characters(&p);
    if (r == 0)
        r = parse_lines(&p);
out:
    drcl_free(env, p.by_name);
    if (r < 0) {
        drcl_workload_free(env, p.w);
        return r;
    }
    *ret = p.w;
    return 0;
}

void drcl_workload_free(struct drcl_env *env, struct drcl_workload *workload)
{
    if (!workload)
        return;
    drcl_free(env, workload->text);
    drcl_free(env, workload->regions);
    drcl_free(env, workload->phases);
    drcl_free(env, workload->patterns);
    drcl_free(env, workload);
}
