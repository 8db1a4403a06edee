/* SPDX-License-Identifier: MIT */
#include "sys/pids.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "sys/scan.h"

int drcl_pids_open(struct drcl_pids *pids, struct drcl_env *env)
{
    int fd = drcl_open(env, O_RDONLY | O_DIRECTORY, "/proc");

    if (fd < 0)
        return drcl_error(env, fd, "/proc cannot be opened: %s", strerror(-fd));
    drcl_directory_begin(&pids->dir, env, fd);
    return 0;
}

void drcl_pids_close(struct drcl_pids *pids)
{
    drcl_close(pids->dir.env, pids->dir.fd);
    pids->dir.fd = -1;
}

/* The pid that @name is, or 0: there is more than processes in the directory. */
static pid_t pid_of(const char *name)
{
    struct drcl_scan scan = {name, name + strlen(name)};
    uint64_t pid;

    return drcl_scan_u64(&scan, 10, &pid) && scan.at == scan.end && pid <= INT_MAX ? (pid_t)pid : 0;
}

int drcl_pids_next(struct drcl_pids *pids, pid_t *ret_pid)
{
    struct drcl_directory_entry entry;
    pid_t pid = 0;
    int r;

    do {
        r = drcl_directory_next(&pids->dir, &entry);
        if (r == 0)
            return 0;
        if (r < 0)
            return drcl_error(pids->dir.env, r, "/proc cannot be listed: %s", strerror(-r));
        pid = pid_of(entry.name);
    } while (pid == 0);
    *ret_pid = pid;
    return 1;
}
