/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "proc.h"
#include "search.h"

/* There may also be the file of libvirt's own daemon, and stale files whose pid now belongs to another process. */
static int add_from(struct host_search *search, const char *path)
{
    char name[HOST_NAME_SIZE], *text;
    pid_t pid;
    int r = file_read_regular(path, &text, NULL);

    if (r < 0)
        return file_own_lack(r);
    text[strcspn(text, " \t\r\n")] = '\0';
    pid = host_parse_pid(text);
    free(text);
    if (!pid)
        return 0;
    r = host_has_command(search, pid);
    if (r == 0 && search->places.passed_over)
        search->places.passed_over(path, pid);
    if (r <= 0)
        return r;
    host_stem(path, name);
    return host_search_add(search, pid, HOST_BY_PIDFILE, name);
}

/* A directory that may not be read counts as empty. If no more files can be opened, the search ends with that error. */
static int directory_failed(const char *path, int error)
{
    (void)path;
    return file_own_lack(-error) < 0;
}

static int find_files(struct host_search *search)
{
    const struct host_places *places = &search->places;
    char pattern[PATH_MAX];
    int r = 0;

    for (size_t i = 0; i < places->pid_files.n && r == 0; i++) {
        glob_t found;
        int n =
            snprintf(pattern, sizeof(pattern), "%s%s", places->root ? places->root : "", places->pid_files.items[i]);

        if (n < 0 || (size_t)n >= sizeof(pattern))
            continue;
        switch (glob(pattern, 0, directory_failed, &found)) {
        case 0:
            for (size_t k = 0; k < found.gl_pathc && r == 0; k++)
                r = host_search_add_path(search, found.gl_pathv[k]);
            break;
        case GLOB_NOSPACE:
            r = -ENOMEM;
            break;
        case GLOB_ABORTED: /* glob() does not return the errno */
            r = -EMFILE;
            break;
        default: /* no match */
            break;
        }
        globfree(&found);
    }
    return r;
}

int host_by_pidfile(struct host_search *search)
{
    int r;

    if (!search->begun) {
        search->begun = true;
        r = find_files(search);
        return r < 0 ? r : 1;
    }
    if (search->at == search->nr_paths)
        return 0;
    r = add_from(search, search->paths[search->at++]);
    return r < 0 ? r : 1;
}
