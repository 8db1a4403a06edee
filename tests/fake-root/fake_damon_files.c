/* SPDX-License-Identifier: MIT */
#include "fake_damon_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

/* --- which files a directory has -----------------------------------------------------------------------------------
 */

/* @nr counts directories of this kind. Each has these files, which a later kernel adds to. */
struct layout {
    const char *nr;
    bool later;
    const char *files[32][2]; /* name, value */
};

static const struct layout layouts[] = {
    {"nr_kdamonds", false, {{"state", "off"}, {"pid", "-1"}, {"contexts/nr_contexts", "0"}}},
    {"nr_kdamonds", true, {{"refresh_ms", "0"}}},
    {"nr_contexts",
     false,
     {{"avail_operations", "vaddr fvaddr paddr"},
      {"operations", "vaddr"},
      {"monitoring_attrs/intervals/sample_us", "5000"},
      {"monitoring_attrs/intervals/aggr_us", "100000"},
      {"monitoring_attrs/intervals/update_us", "60000000"},
      {"monitoring_attrs/nr_regions/min", "10"},
      {"monitoring_attrs/nr_regions/max", "1000"},
      {"targets/nr_targets", "0"},
      {"schemes/nr_schemes", "0"}}},
    {"nr_contexts",
     true,
     {{"addr_unit", "1"},
      {"pause", "N"},
      {"monitoring_attrs/intervals/intervals_goal/access_bp", "0"},
      {"monitoring_attrs/intervals/intervals_goal/aggrs", "0"},
      {"monitoring_attrs/intervals/intervals_goal/min_sample_us", "0"},
      {"monitoring_attrs/intervals/intervals_goal/max_sample_us", "0"}}},
    {"nr_schemes",
     false,
     {{"action", "stat"},
      {"target_nid", "-1"},
      {"apply_interval_us", "0"},
      {"access_pattern/sz/min", "0"},
      {"access_pattern/sz/max", "0"},
      {"access_pattern/nr_accesses/min", "0"},
      {"access_pattern/nr_accesses/max", "0"},
      {"access_pattern/age/min", "0"},
      {"access_pattern/age/max", "0"},
      {"quotas/ms", "0"},
      {"quotas/bytes", "0"},
      {"quotas/reset_interval_ms", "0"},
      {"quotas/effective_bytes", "0"},
      {"quotas/weights/sz_permil", "0"},
      {"quotas/weights/nr_accesses_permil", "0"},
      {"quotas/weights/age_permil", "0"},
      {"quotas/goals/nr_goals", "0"},
      {"watermarks/metric", "none"},
      {"watermarks/interval_us", "0"},
      {"watermarks/high", "0"},
      {"watermarks/mid", "0"},
      {"watermarks/low", "0"},
      {"filters/nr_filters", "0"},
      {"stats/nr_tried", "0"},
      {"stats/sz_tried", "0"},
      {"stats/nr_applied", "0"},
      {"stats/sz_applied", "0"},
      {"stats/qt_exceeds", "0"},
      {"tried_regions/total_bytes", "0"}}},
    {"nr_schemes",
     true,
     {{"core_filters/nr_filters", "0"},
      {"ops_filters/nr_filters", "0"},
      {"quotas/goal_tuner", "consist"},
      {"quotas/fail_charge_num", "0"},
      {"quotas/fail_charge_denom", "0"},
      {"stats/sz_ops_filter_passed", "0"}}},
    {"nr_targets", false, {{"pid_target", "0"}, {"regions/nr_regions", "0"}}},
    {"nr_regions", false, {{"start", "0"}, {"end", "0"}}},
    {"nr_goals", false, {{"target_metric", "user_input"}, {"target_value", "0"}, {"current_value", "0"}}},
    {"nr_filters",
     false,
     {{"type", "anon"},
      {"matching", "N"},
      {"memcg_path", ""},
      {"addr_start", "0"},
      {"addr_end", "0"},
      {"damon_target_idx", "0"}}},
    {"nr_filters", true, {{"allow", "N"}, {"min", "0"}, {"max", "0"}}},
};

/* --- files ----------------------------------------------------------------------------------------------------------
 */

int damon_find(const struct fake_damon_files *files, const char *path)
{
    if (files->missing && fake_ends_with(path, files->missing))
        return -1;
    for (size_t i = 0; i < files->n; i++)
        if (!strcmp(files->at[i].path, path))
            return (int)i;
    return -1;
}

bool damon_is_dir(const struct fake_damon_files *files, const char *path)
{
    size_t n = strlen(path);

    for (size_t i = 0; i < files->n; i++)
        if (!strncmp(files->at[i].path, path, n) && files->at[i].path[n] == '/')
            return true;
    return false;
}

void damon_put(struct fake_damon_files *files, const char *path, const char *value)
{
    int i = damon_find(files, path);

    if (i < 0) {
        if (files->n == MAX_FILES)
            ck_abort_msg("too many files");
        i = (int)files->n++;
        files->at[i].made = NULL;
        fake_print(files->at[i].path, FAKE_PATH, "%s", path);
    }
    fake_print(files->at[i].value, sizeof(files->at[i].value), "%s", value);
}

void damon_put_u64(struct fake_damon_files *files, const char *dir, const char *name, uint64_t value)
{
    char path[FAKE_PATH], text[32];

    fake_print(path, sizeof(path), "%s/%s", dir, name);
    fake_print(text, sizeof(text), "%llu", (unsigned long long)value);
    damon_put(files, path, text);
}

void damon_remove_numbered(struct fake_damon_files *files, const char *dir)
{
    size_t n = strlen(dir), kept = 0;

    for (size_t i = 0; i < files->n; i++) {
        const char *path = files->at[i].path;

        if (!strncmp(path, dir, n) && path[n] == '/' && path[n + 1] >= '0' && path[n + 1] <= '9')
            continue;
        if (kept != i)
            files->at[kept] = files->at[i];
        kept++;
    }
    files->n = kept;
}

void damon_make(struct fake_damon_files *files, const char *nr, const char *dir, bool later)
{
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        if (strcmp(nr, layouts[i].nr) != 0 || (layouts[i].later && !later))
            continue;
        for (size_t k = 0; layouts[i].files[k][0]; k++) {
            char path[FAKE_PATH];

            fake_print(path, sizeof(path), "%s/%s", dir, layouts[i].files[k][0]);
            damon_put(files, path, layouts[i].files[k][1]);
            files->at[files->n - 1].made = layouts[i].files[k][1];
        }
    }
}

/* --- as text --------------------------------------------------------------------------------------------------------
 */

static int by_path(const void *a, const void *b)
{
    return strcmp((*(const struct fake_damon_file *const *)a)->path, (*(const struct fake_damon_file *const *)b)->path);
}

char *damon_dump(const struct fake_damon_files *files, const char *dir, bool all)
{
    const struct fake_damon_file **sorted = calloc(files->n + 1, sizeof(*sorted));
    size_t skip = strlen(dir), n = 0, len = 0;
    char *text = calloc(files->n + 1, sizeof(struct fake_damon_file));

    ck_assert_ptr_nonnull(sorted);
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < files->n; i++) {
        const struct fake_damon_file *file = &files->at[i];

        if (!strncmp(file->path, dir, skip) && (all || !file->made || strcmp(file->value, file->made) != 0))
            sorted[n++] = file;
    }
    qsort(sorted, n, sizeof(*sorted), by_path);
    for (size_t i = 0; i < n; i++)
        len += (size_t)sprintf(text + len, "%s: %s\n", sorted[i]->path + skip, sorted[i]->value);
    free(sorted);
    return text;
}
