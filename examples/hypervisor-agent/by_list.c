/* SPDX-License-Identifier: MIT */
#include "proc.h"
#include "search.h"

int host_by_list(struct host_search *search)
{
    const struct host_words *pids = &search->places.pids;
    int r = 0;

    for (size_t i = 0; i < pids->n && r == 0; i++) {
        pid_t pid = host_parse_pid(pids->items[i]);

        if (pid)
            r = host_search_add(search, pid, HOST_BY_LIST, NULL);
    }
    return r;
}
