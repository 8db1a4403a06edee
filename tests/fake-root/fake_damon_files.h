/* SPDX-License-Identifier: MIT */
/* The files of the fake kernel's DAMON, and of modules: paths with values, and which files a new directory has. */
#ifndef FAKE_DAMON_FILES_H
#define FAKE_DAMON_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAMON_DIR "/sys/kernel/mm/damon/admin/kdamonds/"
#define FAKE_PATH 200
#define MAX_FILES 2048

struct fake_damon_file {
    char path[FAKE_PATH];
    char value[200];
    const char *made; /* the value that the kernel gave it */
};

struct fake_damon_files {
    struct fake_damon_file at[MAX_FILES];
    size_t n;
    const char *missing; /* the end of the paths that do not exist */
};

/* The number of the file, or -1; whether it is a directory. */
int damon_find(const struct fake_damon_files *files, const char *path);
bool damon_is_dir(const struct fake_damon_files *files, const char *path);
/* Makes a file, or changes its value. */
void damon_put(struct fake_damon_files *files, const char *path, const char *value);
void damon_put_u64(struct fake_damon_files *files, const char *dir, const char *name, uint64_t value);
/* Removes the directories of @dir that have numbers. */
void damon_remove_numbered(struct fake_damon_files *files, const char *dir);
/* Makes a directory of the kind that the file @nr counts: "nr_schemes" for instance. */
void damon_make(struct fake_damon_files *files, const char *nr, const char *dir, bool later);

/*
 * The files below @dir as text, a line each, "path: value", in the order of their paths, which begin behind @dir.
 * Unless
 * @all, those are left out that have the value that the kernel gave them. The caller frees the text.
 */
char *damon_dump(const struct fake_damon_files *files, const char *dir, bool all);

#endif
