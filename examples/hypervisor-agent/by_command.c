/* SPDX-License-Identifier: MIT */
#include "discovery.h"

#include <dirent.h>
#include <errno.h>

#include "common/files.h"
#include "proc.h"

int host_by_command(const struct host_places *places, struct host_found_list *list)
{
    struct dirent *entry;
    DIR *proc;
    int r = 0;

    if (!places->anywhere)
        return 0;
    proc = host_open_directory(places->root, "/proc");
    if (!proc)
        return file_own_lack(-errno);
    while (r == 0 && (entry = readdir(proc)) != NULL) {
        pid_t pid = host_parse_pid(entry->d_name);

        r = pid ? host_has_command(places, pid) : 0;
        if (r > 0)
            r = host_found_add(list, pid, HOST_BY_COMMAND, NULL);
    }
    closedir(proc);
    return r;
}
