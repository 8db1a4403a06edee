/* SPDX-License-Identifier: MIT */
#include "proc.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "common/units.h"

#define COMM_LEN 15 /* longer names are cut by the kernel */

static bool path_of(const struct options *options, char path[PATH_MAX], const char *directory, const char *name)
{
    int n =
        snprintf(path, PATH_MAX, "%s%s%s%s", options->root ? options->root : "", directory, name[0] ? "/" : "", name);

    if (n >= 0 && n < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

FILE *proc_file(const struct options *options, const char *directory, const char *name)
{
    char path[PATH_MAX];

    return path_of(options, path, directory, name) ? fopen(path, "re") : NULL;
}

DIR *proc_directory(const struct options *options, const char *directory)
{
    char path[PATH_MAX];

    return path_of(options, path, directory, "") ? opendir(path) : NULL;
}

pid_t proc_pid(const char *text)
{
    pid_t pid;

    return units_parse_pid(text, &pid) ? pid : 0;
}

bool proc_exists(const struct options *options, pid_t pid)
{
    char path[PATH_MAX], name[16];

    snprintf(name, sizeof(name), "%d", (int)pid);
    return !path_of(options, path, "/proc", name) || access(path, F_OK) == 0 || errno != ENOENT;
}

static bool has_comm(const struct options *options, pid_t pid, const char *const *comms, size_t n)
{
    char directory[32], comm[64] = "";
    bool found = false;
    FILE *file;

    snprintf(directory, sizeof(directory), "/proc/%d", (int)pid);
    file = proc_file(options, directory, "comm");
    if (!file)
        return false;
    if (fgets(comm, sizeof(comm), file))
        comm[strcspn(comm, "\n")] = '\0';
    fclose(file);
    for (size_t i = 0; i < n && !found; i++)
        found = comm[0] && !strncmp(comm, comms[i], COMM_LEN);
    return found;
}

void proc_scan(const struct options *options, const char *const *comms, size_t n, void (*found)(void *data, pid_t pid),
               void *data)
{
    DIR *proc = n ? proc_directory(options, "/proc") : NULL;
    struct dirent *entry;

    if (!proc)
        return;
    while ((entry = readdir(proc)) != NULL) {
        pid_t pid = proc_pid(entry->d_name);

        if (pid && has_comm(options, pid, comms, n))
            found(data, pid);
    }
    closedir(proc);
}
