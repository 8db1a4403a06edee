/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "proc.h"
#include "search.h"

#define CGROUPS   "/sys/fs/cgroup"
#define MAX_DEPTH 24 /* slashes in a path */

static int begin(struct host_search *search)
{
    char path[PATH_MAX];
    int r = 0;

    for (size_t i = 0; i < search->places.cgroups.n && r == 0; i++) {
        const char *given = search->places.cgroups.items[i];

        if (!strncmp(given, CGROUPS "/", strlen(CGROUPS "/")))
            given += strlen(CGROUPS "/");
        snprintf(path, sizeof(path), CGROUPS "/%s", given + strspn(given, "/"));
        r = host_search_add_path(search, path);
    }
    return r;
}

static int add_process(struct host_search *search, const char *line)
{
    pid_t pid = host_parse_pid(line);
    /* The cgroup may also contain helpers of the monitor, such as a TPM or a file server. They are left alone. */
    int r = pid ? host_has_command(search, pid) : 0;

    return r > 0 ? host_search_add(search, pid, HOST_BY_CGROUP, NULL) : r;
}

static int add_cgroups_below(struct host_search *search, const char *cgroup)
{
    DIR *directory = host_open_directory(search->places.root, cgroup);
    char below[PATH_MAX];
    const struct dirent *entry;
    unsigned int depth = 0;
    int r = 0;

    if (!directory)
        return file_own_lack(-errno);
    for (const char *c = cgroup; *c; c++)
        depth += *c == '/';
    while (r == 0 && depth < MAX_DEPTH && (entry = readdir(directory)) != NULL) {
        int n = snprintf(below, sizeof(below), "%s/%s", cgroup, entry->d_name);

        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof(below))
            r = host_search_add_path(search, below);
    }
    closedir(directory);
    return r;
}

static int read_cgroup(struct host_search *search, const char *cgroup)
{
    char path[PATH_MAX];
    int r, n = snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);

    free(search->procs);
    search->procs = search->next = NULL;
    if (n < 0 || (size_t)n >= sizeof(path))
        return 0;
    r = host_read_file(search->places.root, path, &search->procs, NULL);
    search->next = r < 0 ? NULL : search->procs;
    return r < 0 && file_own_lack(r) < 0 ? r : add_cgroups_below(search, cgroup);
}

/* One process, or one cgroup. */
int host_by_cgroup(struct host_search *search)
{
    const char *line = search->next ? strsep(&search->next, "\n") : NULL;
    int r;

    if (!search->begun) {
        search->begun = true;
        r = begin(search);
    } else if (line) {
        r = add_process(search, line);
    } else if (search->at < search->nr_paths) {
        r = read_cgroup(search, search->paths[search->at++]);
    } else {
        return 0;
    }
    return r < 0 ? r : 1;
}
