/* SPDX-License-Identifier: MIT */
/*
 * Finds the virtual machines on a host. Each method looks in one place and adds the processes that it finds there. The
 * name, the cgroup and the memory size are then looked up in the same way for all of them.
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
    HOST_BY_COMMAND  /* any process that runs one of the commands */
};

struct host_words {
    const char *const *items;
    size_t n;
};

/* Where to look. The caller owns strings and arrays. */
struct host_places {
    const char *root; /* directory above /proc, /sys and /run, or NULL */
    struct host_words pids;
    struct host_words pid_files; /* patterns as for glob(3) */
    struct host_words cgroups;   /* below /sys/fs/cgroup */
    struct host_words commands;  /* patterns as for fnmatch(3) */
    bool anywhere;               /* look at all processes, not only at those in the cgroups */
    /* Called for a process that a pid file names and that runs none of the commands. May be NULL. */
    void (*passed_over)(const char *pid_file, pid_t pid);
};

struct host_found {
    pid_t pid;
    uint64_t start_time; /* identifies the process, together with the pid */
    enum host_method method;
    bool known;                    /* was already in the list */
    char name[HOST_NAME_SIZE];     /* unique: from the command line, the scope or the pid file, else the pid */
    char cgroup[HOST_CGROUP_SIZE]; /* of the whole machine, below /sys/fs/cgroup; "" if unknown */
};

struct host_found_list {
    struct host_found *items; /* ascending by pid */
    size_t n;
    size_t capacity;
};

/* Finds all machines and updates the list. It skips processes that exit in the meantime and places that do not exist.
 * Machines that are already in the list keep their names. If a new machine has the name of another, its pid is
 * appended. Returns 0, or -ENOMEM, -EMFILE or -ENFILE; the list is then unchanged. */
int host_discover(const struct host_places *places, struct host_found_list *list);
void host_found_free(struct host_found_list *list);
const char *host_method_name(enum host_method method);

/* The methods. Each adds what it finds. Returns 0 or an error of host_discover(). */
int host_by_list(const struct host_places *places, struct host_found_list *list);
int host_by_pidfile(const struct host_places *places, struct host_found_list *list);
int host_by_cgroup(const struct host_places *places, struct host_found_list *list);
int host_by_command(const struct host_places *places, struct host_found_list *list);
/* Used by the methods: adds @pid if it is not in the list yet. @name may be NULL. */
int host_found_add(struct host_found_list *list, pid_t pid, enum host_method method, const char *name);
/* Whether the process is still the one that was found. */
bool host_found_is_alive(const char *root, const struct host_found *found);
/* Returns 1 if the process runs one of the commands, 0 if it does not or has exited, or an error of host_discover(). */
int host_has_command(const struct host_places *places, pid_t pid);

#endif
