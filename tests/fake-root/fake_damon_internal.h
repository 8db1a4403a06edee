/* SPDX-License-Identifier: MIT */
/* What the parts of the kernel of fake_damon.h know of each other. */
#ifndef FAKE_DAMON_INTERNAL_H
#define FAKE_DAMON_INTERNAL_H

#include "fake_damon.h"

/* The number of the file with that path, or -1; whether there are files below it. */
int fs_find(const char *path);
bool fs_is_dir(const char *path);
/* Makes a file, or gives it another value. */
void fs_put(const char *path, const char *value);
/* Writes to a file, as a program would: what the kernel does then, and its errno. */
int fs_write(const char *path, const char *text);
bool fs_is_alive(pid_t pid);
/* What the kernel does by itself as time passes. */
void fs_pass_time(void);

bool fs_ends_with(const char *text, const char *end);
void fs_print(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
