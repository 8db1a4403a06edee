/* SPDX-License-Identifier: MIT */
#include "foreign_files.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Opening them takes a lock that an exec holds, and reading them the lock of the memory. What else there is in the
 * directory of a process is read without. */
static const char *const waits[] = {"auxv", "clear_refs", "cmdline", "environ", "maps",        "map_files",
                                    "mem",  "numa_maps",  "pagemap", "smaps",   "smaps_rollup"};

bool foreign_files_parse(const char *root, const char *path, pid_t *ret_pid, const char **ret_name)
{
    size_t len = strlen(root);
    const char *at;
    char *end;
    long pid;

    if (strncmp(path, root, len) != 0 || strncmp(path + len, "/proc/", 6) != 0)
        return false;
    at = path + len + 6;
    if (*at < '0' || *at > '9')
        return false;
    errno = 0;
    pid = strtol(at, &end, 10);
    if (errno || *end != '/' || pid <= 0 || pid > INT_MAX)
        return false;
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        if (strcmp(end + 1, waits[i]) != 0)
            continue;
        *ret_pid = (pid_t)pid;
        *ret_name = waits[i];
        return true;
    }
    return false;
}

int foreign_files_add(struct foreign_files *files, int fd, const struct foreign_file *file)
{
    size_t n = files->n ? files->n : 64;
    struct foreign_file *grown;

    while (n <= (size_t)fd)
        n *= 2;
    if (n > files->n) {
        grown = realloc(files->at, n * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        memset(grown + files->n, 0, (n - files->n) * sizeof(*grown));
        files->at = grown;
        files->n = n;
    }
    files->at[fd] = *file;
    return 0;
}

struct foreign_file *foreign_files_find(const struct foreign_files *files, int fd)
{
    return fd >= 0 && (size_t)fd < files->n && files->at[fd].who.pid ? &files->at[fd] : NULL;
}

void foreign_files_remove(struct foreign_files *files, int fd)
{
    struct foreign_file *file = foreign_files_find(files, fd);

    if (file)
        *file = (struct foreign_file){0};
}
