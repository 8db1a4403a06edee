/* SPDX-License-Identifier: MIT */
#include "discovery.h"

#include <dirent.h>

#include "proc.h"

int host_by_command(const struct host_places *places, struct host_found_list *list)
{
    DIR *proc = places->anywhere ? host_open_directory(places->root, "/proc") : NULL;
    struct dirent *entry;
    int r = 0;

    if (!proc)
        return 0;
    while (r == 0 && (entry = readdir(proc)) != NULL) {
        pid_t pid = host_parse_pid(entry->d_name);

        if (pid && host_has_command(places, pid))
            r = host_found_add(list, pid, HOST_BY_COMMAND, NULL);
    }
    closedir(proc);
    return r;
}
