/* SPDX-License-Identifier: MIT */
/*
 * Finds the virtual machines on a host. Each method looks in one place and adds the processes that it finds there. The
 * names, the cgroup and the user are then looked up in the same way for all of them. A search works in steps, because
 * there may be many processes, and nobody knows how large what they show is.
 */
#ifndef HOST_DISCOVERY_H
#define HOST_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cmdline.h"

#define HOST_CGROUP_SIZE 512

enum host_method {
    HOST_BY_LIST,    /* a pid from the configuration */
    HOST_BY_PIDFILE, /* a file with the pid of a process that runs one of the commands */
    HOST_BY_CGROUP,  /* in a cgroup or below it, and runs one of the commands */
    HOST_BY_COMMAND  /* a process of a trusted user, or of any, that runs one of the commands */
};

struct host_words {
    const char *const *items;
    size_t n;
};

/* Where to look. The caller owns strings and arrays. */
struct host_places {
    const char *root; /* directory above /proc, /sys, /etc and /run, or NULL */
    struct host_words pids;
    struct host_words pid_files; /* patterns as for glob(3) */
    struct host_words cgroups;   /* below /sys/fs/cgroup */
    struct host_words commands;  /* patterns as for fnmatch(3) */
    struct host_words users;     /* those that are trusted: names in /etc/passwd, or numbers */
    bool anywhere;               /* take the commands of all users, not only of trusted ones */
    size_t most;                 /* machines; 0: any number */
    size_t most_of_user;         /* machines of each user that is not trusted; 0: any number */
    /* Called for a process that a pid file names and that runs none of the commands. May be NULL. */
    void (*passed_over)(const char *pid_file, pid_t pid);
    /* Called for a process in @pids that does not exist. May be NULL. */
    void (*missing)(pid_t pid);
};

#define HOST_OWN_NAMES 3

struct host_found {
    pid_t pid;
    uint64_t start_time; /* identifies the process, together with the pid */
    uid_t uid;
    bool trusted; /* all of its user ids are of trusted users */
    bool known;   /* was already in the list */
    bool has_vm;  /* for the owner of the list */
    enum host_method method;
    char name[HOST_NAME_SIZE]; /* unique: own[0], perhaps with the pid behind it */
    char own[HOST_OWN_NAMES]
            [HOST_NAME_SIZE];      /* from the command line, the scope, the pid file; the first is never "" */
    char cgroup[HOST_CGROUP_SIZE]; /* of the whole machine, below /sys/fs/cgroup; "" if unknown */
};

struct host_found_list {
    struct host_found *items; /* ascending by pid */
    size_t n;
    size_t capacity;
    size_t left_out;         /* machines above `most` */
    size_t left_out_of_user; /* machines above `most_of_user` */
};

/* A search. Its places, and the list of what is @known so far, live as long. host_search_step() works until @until_ns
 * of CLOCK_MONOTONIC (0: until it is done) and returns 1 if there is more to do, 0 if not, or -ENOMEM, -EMFILE or
 * -ENFILE. */
struct host_search;
int host_search_new(const struct host_places *places, const struct host_found_list *known, struct host_search **ret);
int host_search_step(struct host_search *search, uint64_t until_ns);
struct host_search *host_search_free(struct host_search *search);
/* Updates the list with what was found. Machines that are already in the list are the last to be left out, and they
 * keep their names as long as they are entitled to them. Returns 0 or -ENOMEM; the list is then unchanged. */
int host_search_finish(struct host_search *search, struct host_found_list *list);

/* All of it at once. Skips processes that exit in the meantime and places that do not exist. Returns 0 or an error of
 * the above; the list is then unchanged. */
int host_discover(const struct host_places *places, struct host_found_list *list);
void host_found_free(struct host_found_list *list);
const char *host_method_name(enum host_method method);
/* Whether the process is still the one that was found. */
bool host_found_is_alive(const char *root, const struct host_found *found);

/* names.c: sorts machines by how much they are entitled to a name and to a place: by the method that found them,
 * whether their user is trusted, whether they had the name before, and by age. */
void host_sort_by_rank(struct host_found **items, size_t n);
/* Gives each machine a name of its own. The first in that order gets it; the others get their pid behind it. Returns 0
 * or -ENOMEM. */
int host_make_names_unique(struct host_found_list *list);

#endif
