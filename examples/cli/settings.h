/* SPDX-License-Identifier: MIT */
/* Parameters that were asked for: on the command line or in a file. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

struct damon_reclaim;

struct setting {
    char *name, *value;
    char *origin; /* where it was asked for, for messages */
};

struct settings {
    struct setting *items; /* in their order: later ones count */
    size_t n;
};

void settings_add(struct settings *settings, const char *name, const char *value, const char *origin);

/* Adds "NAME=VALUE". False with a message if it is none. */
bool settings_add_line(struct settings *settings, const char *line, const char *origin);

/* Adds the lines of a file. False with a message if it cannot be read or has a line that is none. */
bool settings_add_file(struct settings *settings, const char *path);

/*
 * Gives the settings to a context: those that say what is wanted are staged; with @act, the others ("enabled" and
 * "commit_inputs", which act at once) are done. 0, or a negative errno with a message.
 */
int settings_stage(const struct settings *settings, struct damon_reclaim *ctx, bool act);

void settings_free(struct settings *settings);

#endif
