/* SPDX-License-Identifier: MIT */
#include "discovery.h"

#include "proc.h"

int host_by_list(const struct host_places *places, struct host_found_list *list)
{
    int r = 0;

    for (size_t i = 0; i < places->pids.n && r == 0; i++) {
        pid_t pid = host_parse_pid(places->pids.items[i]);

        if (pid)
            r = host_found_add(list, pid, HOST_BY_LIST, NULL);
    }
    return r;
}
