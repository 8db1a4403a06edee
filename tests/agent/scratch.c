/* SPDX-License-Identifier: MIT */
#include "scratch.h"

#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static char directories[32][PATH_MAX];
static size_t nr_directories;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void clean(void)
{
    while (nr_directories)
        nftw(directories[--nr_directories], remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_directory(void)
{
    const char *tmp = getenv("TMPDIR");
    char *path = directories[nr_directories];

    ck_assert_uint_lt(nr_directories, sizeof(directories) / sizeof(directories[0]));
    snprintf(path, PATH_MAX, "%s/drcl-agent.XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(path));
    if (!nr_directories++)
        atexit(clean);
    return path;
}

const char *scratch_file(const char *directory, const char *path, const char *text)
{
    static char full[PATH_MAX];
    FILE *file;

    ck_assert_int_lt(snprintf(full, sizeof(full), "%s/%s", directory, path), (int)sizeof(full));
    for (char *slash = full + strlen(directory) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        ck_assert_int_eq(mkdir(full, 0700) < 0 && errno != EEXIST, false);
        *slash = '/';
    }
    file = fopen(full, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    return full;
}

void says(const char *text, const char *word)
{
    if (!strstr(text, word))
        ck_abort_msg("\"%s\" does not say \"%s\"", text, word);
}
