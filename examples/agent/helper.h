/* SPDX-License-Identifier: MIT */
/*
 * A helper process that makes single system calls for the daemon, each within a time limit. It is for calls that may
 * never return: the helper then waits in the daemon's place. The daemon kills it and forks another one when it needs
 * one. The helper has no file open but its end of a socket, so nothing of the daemon's stays locked, mounted or
 * listened on for as long as a helper cannot be killed. It ends with the daemon.
 */
#ifndef AGENT_HELPER_H
#define AGENT_HELPER_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define HELPER_MOST   ((size_t)65536) /* bytes that one call returns */
#define HELPER_RANGES ((size_t)64)    /* of one process_madvise() */

struct helper {
    pid_t pid; /* 0: there is none now */
    int socket;
};

/* The call that the daemon wants to have made. */
enum helper_call { HELPER_OPEN, HELPER_PREAD, HELPER_SCAN, HELPER_ADVISE };

struct helper_request {
    enum helper_call call;
    int fd;           /* the file, or the pidfd; -1: none */
    int number;       /* flags of open, the advice of process_madvise */
    uint64_t offset;  /* of pread; where a scan starts */
    uint64_t end;     /* where a scan ends */
    const void *data; /* path with its NUL, ranges of process_madvise */
    size_t len;
    void *answer; /* what was read; the range that a scan found */
    size_t room;  /* at most HELPER_MOST */
};

/*
 * Makes a call. Returns what it returned (a descriptor of this process for open) or a negative errno. -ETIMEDOUT: it
 * did not end in time. -EPIPE: the helper has ended in the middle of it. In both cases the helper was killed and
 * *ret_lost is its pid, which the caller waits for; it is 0 in all others.
 */
ssize_t helper_call(struct helper *helper, const struct helper_request *request, int timeout_ms, pid_t *ret_lost);

/* Kills the helper, if there is one. */
void helper_end(struct helper *helper);

#endif
