/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "common/files.h"
#include "proc.h"
#include "search.h"

#define MANY 4 /* times as many as may be watched */

int host_by_command(struct host_search *search)
{
    const struct dirent *entry;
    bool trusted;
    uid_t uid;
    pid_t pid;
    int r;

    if (!search->proc) {
        search->proc = host_open_directory(search->places.root, "/proc");
        return search->proc ? 1 : file_own_lack(-errno);
    }
    entry = readdir(search->proc);
    if (!entry)
        return 0;
    pid = host_parse_pid(entry->d_name);
    if (!pid || (!search->places.anywhere && !host_may_be_trusted(search, pid)))
        return 1;
    r = host_has_command(search, pid);
    if (r <= 0)
        return r < 0 ? r : 1;
    trusted = host_read_owner(search, pid, &uid, &trusted) && trusted;
    if (!trusted && !search->places.anywhere)
        return 1;
    if (!trusted && !host_search_knows(search, pid) && search->places.most &&
        search->found.n / MANY >= search->places.most) {
        search->found.left_out++; /* of so many strangers that nobody needs to know more about them */
        return 1;
    }
    r = host_search_add(search, pid, HOST_BY_COMMAND, NULL);
    return r < 0 ? r : 1;
}
