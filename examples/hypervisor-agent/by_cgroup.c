/* SPDX-License-Identifier: MIT */
#include "discovery.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "proc.h"

#define CGROUPS   "/sys/fs/cgroup"
#define MAX_DEPTH 16

static int add_processes(const struct host_places *places, const char *cgroup, struct host_found_list *list)
{
    char path[PATH_MAX], *text, *line, *next;
    int r, n = snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);

    if (n < 0 || (size_t)n >= sizeof(path))
        return 0;
    r = host_read_file(places->root, path, &text, NULL);
    if (r < 0)
        return file_own_lack(r);
    for (next = text; r == 0 && (line = strsep(&next, "\n")) != NULL;) {
        pid_t pid = host_parse_pid(line);

        /* The cgroup may also contain helpers of the monitor, such as a TPM or a file server. They are left alone. */
        r = pid ? host_has_command(places, pid) : 0;
        if (r > 0)
            r = host_found_add(list, pid, HOST_BY_CGROUP, NULL);
    }
    free(text);
    return r;
}

static int walk(const struct host_places *places, const char *cgroup, int depth, struct host_found_list *list)
{
    DIR *directory = host_open_directory(places->root, cgroup);
    char below[PATH_MAX];
    struct dirent *entry;
    int r;

    if (!directory)
        return file_own_lack(-errno);
    r = add_processes(places, cgroup, list);
    while (r == 0 && depth < MAX_DEPTH && (entry = readdir(directory)) != NULL) {
        int n = snprintf(below, sizeof(below), "%s/%s", cgroup, entry->d_name);

        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof(below))
            r = walk(places, below, depth + 1, list);
    }
    closedir(directory);
    return r;
}

int host_by_cgroup(const struct host_places *places, struct host_found_list *list)
{
    char path[PATH_MAX];
    int r = 0;

    for (size_t i = 0; i < places->cgroups.n && r == 0; i++) {
        const char *given = places->cgroups.items[i];

        if (!strncmp(given, CGROUPS "/", strlen(CGROUPS "/")))
            given += strlen(CGROUPS "/");
        snprintf(path, sizeof(path), CGROUPS "/%s", given + strspn(given, "/"));
        r = walk(places, path, 0, list);
    }
    return r;
}
