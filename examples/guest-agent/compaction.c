/* SPDX-License-Identifier: MIT */
#include "compaction.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/giving.h"
#include "agent/log.h"
#include "agent/loop.h"
#include "free_blocks.h"

#define PRESSURE_LIMIT 1000 /* 10 %: then the CPUs have better things to do */

struct compaction {
    struct loop *loop;
    char *root; /* of our own: a configuration goes with a reload */
    char path[PATH_MAX];
    pid_t child; /* 0: none */
    struct loop_source *source;
    bool asked_once, failed;
    bool in_vain;
    uint64_t asked_ns, reclaimed; /* at the last request */
    uint64_t in_vain_ns;          /* when it was seen last that there is nothing to join */
    uint64_t nr_requests;
};

int compaction_new(struct loop *loop, const char *root, struct compaction **ret)
{
    struct compaction *compaction = calloc(1, sizeof(*compaction));

    if (!compaction)
        return -ENOMEM;
    compaction->loop = loop;
    compaction->root = strdup(root);
    if (!compaction->root) {
        free(compaction);
        return -ENOMEM;
    }
    snprintf(compaction->path, sizeof(compaction->path), "%s/proc/sys/vm/compact_memory", root);
    *ret = compaction;
    return 0;
}

/* The child process. Its exit code is the errno. It closes all files of the daemon, above all the lock. */
static _Noreturn void ask(const char *path, pid_t parent)
{
    int fd;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    close_range(0, ~0U, 0);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    _exit(fd < 0 || write(fd, "1", 1) < 0 ? errno : 0);
}

static void answered(struct loop_source *source, int pid, void *userdata)
{
    struct compaction *compaction = userdata;
    int status = 0;

    (void)source;
    compaction->source = loop_remove(compaction->source);
    compaction->child = 0;
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return;
    if (WEXITSTATUS(status) == 0) {
        compaction->nr_requests++;
        log_debug("memory was compacted");
    } else if (!compaction->failed) {
        log_warning("%s: %s; memory is not compacted", compaction->path, strerror(WEXITSTATUS(status)));
        compaction->failed = true; /* logged once */
    }
}

/* At least so many bytes of free memory are in blocks too small to be reported. Where the kernel does not tell, what
 * was reclaimed decides alone. */
static bool is_fragmented(const struct compaction *compaction, bool movable, uint64_t bytes)
{
    uint64_t small;

    return free_blocks_small(compaction->root, giving_order(compaction->root), movable, &small) < 0 || small >= bytes;
}

static bool is_worth_it(struct compaction *compaction, const struct compaction_limits *limits, uint64_t now_ns)
{
    if (compaction->in_vain && now_ns - compaction->in_vain_ns < limits->interval_ns)
        return false;
    if (free_blocks_pressure(compaction->root) >= PRESSURE_LIMIT || !is_fragmented(compaction, false, limits->after))
        return false;
    compaction->in_vain = !is_fragmented(compaction, true, limits->after);
    compaction->in_vain_ns = now_ns;
    return !compaction->in_vain;
}

void compaction_consider(struct compaction *compaction, const struct compaction_limits *limits, uint64_t now_ns,
                         uint64_t reclaimed)
{
    pid_t self = getpid(), child;

    if (!limits->after || compaction->child || reclaimed - compaction->reclaimed < limits->after)
        return;
    if (compaction->asked_once && now_ns - compaction->asked_ns < limits->interval_ns)
        return;
    if (!is_worth_it(compaction, limits, now_ns))
        return;
    compaction->asked_once = true;
    compaction->asked_ns = now_ns;
    compaction->reclaimed = reclaimed;
    child = fork();
    if (child == 0)
        ask(compaction->path, self);
    if (child < 0) {
        log_warning("memory is not compacted: fork fails: %s", strerror(errno));
        return;
    }
    compaction->child = child;
    if (loop_add_process(compaction->loop, child, answered, compaction, &compaction->source) < 0) {
        kill(child, SIGKILL);
        answered(NULL, child, compaction);
    }
}

uint64_t compaction_nr_requests(const struct compaction *compaction)
{
    return compaction->nr_requests;
}

void compaction_free(struct compaction *compaction)
{
    if (!compaction)
        return;
    loop_remove(compaction->source);
    if (compaction->child) {
        kill(compaction->child, SIGKILL); /* the kernel then stops compacting */
        waitpid(compaction->child, NULL, 0);
    }
    free(compaction->root);
    free(compaction);
}
