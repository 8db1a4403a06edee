/* SPDX-License-Identifier: MIT */
/*
 * Finding the virtual machines of a host. Each method looks in one place and says which processes are there; what they
 * have in common, the name, the cgroup and the size of the guest, is looked up once for each.
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
    HOST_BY_LIST,    /* a pid that was given */
    HOST_BY_PIDFILE, /* a file that holds the pid, of a process with one of the commands */
    HOST_BY_CGROUP,  /* in a cgroup or one below it, and with one of the commands */
    HOST_BY_COMMAND  /* with one of the commands, anywhere */
};

struct host_words {
    const char *const *items;
    size_t n;
};

/* Where to look. Strings and arrays are the caller's. */
struct host_places {
    const char *root; /* before /proc, /sys and /run; or NULL */
    struct host_words pids;
    struct host_words pid_files; /* patterns as for glob(3) */
    struct host_words cgroups;   /* below /sys/fs/cgroup */
    struct host_words commands;  /* patterns as for fnmatch(3) */
    bool anywhere;               /* look at every process, not at those in the cgroups alone */
    /* Told of a process that a pid file names and that has none of the commands; or NULL. */
    void (*passed_over)(const char *pid_file, pid_t pid);
};

struct host_found {
    pid_t pid;
    uint64_t start_time; /* with the pid: this process and no other */
    enum host_method method;
    uint64_t memory;               /* of the guest, as the command line tells; 0: it does not */
    bool known;                    /* was in the list before */
    char name[HOST_NAME_SIZE];     /* unique: what the command line, the scope or the pid file call it, else its pid */
    char cgroup[HOST_CGROUP_SIZE]; /* of the whole machine, below /sys/fs/cgroup; "" if unknown */
};

struct host_found_list {
    struct host_found *items; /* ascending by pid */
    size_t n;
    size_t capacity;
};

/* Finds them all anew. Processes that vanish meanwhile and places that are not there are passed over. Those that are in
 * the list already keep their names; one that comes with the name of another gets its pid behind it. 0, or -ENOMEM,
 * -EMFILE or -ENFILE, and then the list is as it was. */
int host_discover(const struct host_places *places, struct host_found_list *list);
void host_found_free(struct host_found_list *list);
const char *host_method_name(enum host_method method);

/* The methods: each adds what it finds. 0, or the errors of host_discover(). */
int host_by_list(const struct host_places *places, struct host_found_list *list);
int host_by_pidfile(const struct host_places *places, struct host_found_list *list);
int host_by_cgroup(const struct host_places *places, struct host_found_list *list);
int host_by_command(const struct host_places *places, struct host_found_list *list);
/* For them: adds @pid, unless it is there already; @name, or NULL. */
int host_found_add(struct host_found_list *list, pid_t pid, enum host_method method, const char *name);
/* Whether the process is still the one that was found. */
bool host_found_is_alive(const char *root, const struct host_found *found);
/* 1: the process has one of the commands; 0: it has none, or is gone; else the errors of host_discover(). */
int host_has_command(const struct host_places *places, pid_t pid);

#endif
