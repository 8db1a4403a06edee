/* SPDX-License-Identifier: MIT */
/* What the methods of a search share. */
#ifndef HOST_SEARCH_H
#define HOST_SEARCH_H

#include <dirent.h>

#include "discovery.h"

struct host_search {
    struct host_places places;
    const struct host_found_list *known;
    struct host_found_list found;
    size_t method; /* number of the one that is at work */
    bool begun;    /* by that method */

    /* Of the method at work. */
    size_t at;    /* in paths */
    char **paths; /* pid files, or cgroups */
    size_t nr_paths;
    size_t room_for_paths;
    char *procs, *next; /* the rest of a cgroup.procs */
    DIR *proc;

    uid_t *uids; /* trusted */
    size_t nr_uids;
};

/* The methods. Each makes a small step. Returns 1 if there is more to do, 0 if not, or an error of host_search_step().
 */
int host_by_list(struct host_search *search);
int host_by_pidfile(struct host_search *search);
int host_by_cgroup(struct host_search *search);
int host_by_command(struct host_search *search);

/* Used by the methods. @name is that of the pid file, or NULL. */
int host_search_add(struct host_search *search, pid_t pid, enum host_method method, const char *name);
bool host_search_knows(const struct host_search *search, pid_t pid);
int host_search_add_path(struct host_search *search, const char *path);
/* Returns 1 if the process runs one of the commands, 0 if it does not or has exited, or an error. */
int host_has_command(const struct host_search *search, pid_t pid);

/* users.c: reads who is trusted, and who a process belongs to. */
int host_read_users(struct host_search *search);
/* Returns false if it cannot be read. */
bool host_read_owner(const struct host_search *search, pid_t pid, uid_t *ret_uid, bool *ret_trusted);
/* A cheap answer that is right if it is no. */
bool host_may_be_trusted(const struct host_search *search, pid_t pid);

#endif
