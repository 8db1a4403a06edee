/* SPDX-License-Identifier: MIT */
#include "sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "sys/scan.h"
#include "base/system.h"

#define NS_PER_S      UINT64_C(1000000000)
#define KERNEL_THREAD UINT64_C(0x00200000) /* the bit of the field `flags` */
#define KEPT_NAME     15
#define FIELD_FLAGS   9
#define FIELD_UTIME   14
#define FIELD_STIME   15
#define FIELD_THREADS 20
#define FIELD_START   22

/* "pid (name) state ppid ...": the name may hold anything, also blanks and parentheses, so the fields after it are
 * counted from the last parenthesis. */
int drcl_process_stat_parse(const char *text, size_t len, struct drcl_process_stat *ret)
{
    struct drcl_scan scan = {text, text + len};
    struct drcl_process_stat info = {0};
    uint64_t value;
    const char *paren;

    if (!drcl_scan_u64(&scan, 10, &value) || value > INT_MAX)
        return -EINVAL;
    info.pid = (pid_t)value;
    paren = memrchr(text, ')', len);
    if (!paren || text + len - paren < 4)
        return -EINVAL;
    info.state = paren[2];
    scan.at = paren + 3;
    for (int field = 4; field <= FIELD_START; field++) {
        drcl_scan_blanks(&scan);
        drcl_scan_char(&scan, '-'); /* some are negative, none of ours */
        if (!drcl_scan_u64(&scan, 10, &value))
            return -EINVAL;
        if (field == FIELD_FLAGS)
            info.kernel_thread = (value & KERNEL_THREAD) != 0;
        if (field == FIELD_THREADS)
            info.nr_threads = value;
        if (field == FIELD_UTIME || field == FIELD_STIME)
            info.cpu_ticks += value;
    }
    info.start_ticks = value;
    *ret = info;
    return 0;
}

int drcl_process_stat(struct drcl_env *env, pid_t pid, struct drcl_process_stat *ret)
{
    char text[1024];
    ssize_t n = drcl_read_small(env, text, sizeof(text), "/proc/%d/stat", (int)pid);

    if (n == -ENOENT || n == -ESRCH)
        return -ESRCH;
    if (n < 0)
        return (int)n;
    return drcl_process_stat_parse(text, (size_t)n, ret);
}

int drcl_process_name(struct drcl_env *env, pid_t pid, char ret[DRCL_PROCESS_NAME])
{
    char text[DRCL_PROCESS_NAME];
    ssize_t n = drcl_read_small(env, text, sizeof(text), "/proc/%d/comm", (int)pid);

    if (n == -ENOENT || n == -ESRCH)
        return -ESRCH;
    if (n < 0)
        return (int)n;
    if (n > 0 && text[n - 1] == '\n')
        n--;
    memcpy(ret, text, (size_t)n);
    ret[n] = '\0';
    return 0;
}

bool drcl_process_name_matches(const char *pattern, const char *name)
{
    return fnmatch(pattern, name, 0) == 0 ||
           (strlen(name) == KEPT_NAME && !strpbrk(pattern, "*?[") && strncmp(pattern, name, KEPT_NAME) == 0);
}

int drcl_process_memory(struct drcl_env *env, pid_t pid, struct drcl_process_memory *ret)
{
    char text[128];
    ssize_t n = drcl_read_small(env, text, sizeof(text), "/proc/%d/statm", (int)pid);
    struct drcl_scan scan = {text, text + (n > 0 ? n : 0)};

    if (n == -ENOENT || n == -ESRCH)
        return -ESRCH;
    if (n < 0)
        return (int)n;
    if (!drcl_scan_u64(&scan, 10, &ret->mapped))
        return -EINVAL;
    drcl_scan_blanks(&scan);
    return drcl_scan_u64(&scan, 10, &ret->resident) ? 0 : -EINVAL;
}

int drcl_process_cpu_ns(struct drcl_env *env, pid_t pid, uint64_t *ret)
{
    char text[128];
    ssize_t n = drcl_read_small(env, text, sizeof(text), "/proc/%d/schedstat", (int)pid);
    struct drcl_scan scan = {text, text + (n > 0 ? n : 0)};
    long ticks = sysconf(_SC_CLK_TCK);
    struct drcl_process_stat stat;
    int r;

    if (drcl_scan_u64(&scan, 10, ret)) /* the first number */
        return 0;
    r = drcl_process_stat(env, pid, &stat);
    if (r == 0)
        *ret = stat.cpu_ticks * (NS_PER_S / (uint64_t)(ticks > 0 ? ticks : 100));
    return r;
}

/* The process that @pid, which may be a thread's, belongs to; @pid itself where the kernel does not tell. */
static pid_t leader(struct drcl_env *env, pid_t pid)
{
    char text[4096];
    ssize_t n = drcl_read_small(env, text, sizeof(text), "/proc/%d/status", (int)pid);
    struct drcl_scan scan = {text, text + (n > 0 ? n : 0)}, line;
    uint64_t tgid;

    while (drcl_scan_line(&scan, &line)) {
        if (!drcl_scan_word(&line, "Tgid:"))
            continue;
        drcl_scan_blanks(&line);
        if (drcl_scan_u64(&line, 10, &tgid) && tgid <= INT_MAX)
            return (pid_t)tgid;
    }
    return pid;
}

/* /proc tells of processes by the numbers of the pid namespace that it was mounted in; system calls go by those of
 * ours. Where the host program opens files for us, "self" is whoever does that, and it is the program that answers for
 * /proc. */
static int check_namespace(struct drcl_env *env, pid_t pid)
{
    struct drcl_process_stat self;
    char text[1024];
    ssize_t n;

    if (!env->opens_itself)
        return 0;
    n = drcl_read_small(env, text, sizeof(text), "/proc/self/stat");
    if (n < 0 || drcl_process_stat_parse(text, (size_t)n, &self) < 0 || self.pid == getpid())
        return 0;
    return drcl_error(
        env, -EINVAL,
        "pid %d: %s/proc is that of another pid namespace, where this program is %d and not %d; mount the "
        "/proc of this one, or run the program in the other",
        (int)pid, env->root, (int)self.pid, (int)getpid());
}

int drcl_process_check(struct drcl_env *env, pid_t pid)
{
    struct drcl_process_stat info;
    pid_t process;
    int r;

    if (pid <= 0)
        return drcl_error(env, -EINVAL, "pid %d: the pid of a process is positive", (int)pid);
    r = check_namespace(env, pid);
    if (r < 0)
        return r;
    if (pid == getpid())
        return drcl_error(env, -EPERM, "pid %d is the caller itself, which must not reclaim its own memory", (int)pid);
    r = drcl_process_stat(env, pid, &info);
    if (r == -ESRCH)
        return drcl_error(env, r,
                          "pid %d: no such process in this pid namespace; a process of a container has another number "
                          "outside of it",
                          (int)pid);
    if (r == -EMFILE || r == -ENFILE)
        return drcl_error(env, r, "/proc/%d/stat cannot be opened: %s; raise the limit of open files", (int)pid,
                          strerror(-r));
    if (r < 0)
        return drcl_error(env, r, "/proc/%d/stat cannot be read: %s; is /proc mounted, with hidepid off?", (int)pid,
                          strerror(-r));
    if (info.kernel_thread)
        return drcl_error(env, -EPERM, "pid %d is a kernel thread, which has no memory of its own", (int)pid);
    if (info.state == 'Z' && info.nr_threads > 1)
        return drcl_error(
            env, -ESRCH,
            "pid %d: its first thread has exited while %llu others run; the kernel gives no access to such "
            "a process",
            (int)pid, (unsigned long long)info.nr_threads - 1);
    if (info.state == 'Z' || info.state == 'X')
        return drcl_error(env, -ESRCH, "pid %d has exited", (int)pid);
    process = leader(env, pid);
    if (process == getpid())
        return drcl_error(env, -EPERM, "pid %d is a thread of the caller itself", (int)pid);
    if (process != pid)
        return drcl_error(env, -EINVAL, "pid %d is a thread; give the pid of its process, %d", (int)pid, (int)process);
    return 0;
}

int drcl_process_open(struct drcl_env *env, pid_t pid, int pidfd, const char *name)
{
    int fd = drcl_open(env, O_RDONLY, "/proc/%d/%s", (int)pid, name), exited;

    /* As long as the process lives nobody else has its pid: alive after the call means that it was alive at the call.
     */
    exited = drcl_pidfd_exited(env, pidfd);
    if (exited == 0)
        return fd == -ENOENT ? -ESRCH : fd;
    drcl_close(env, fd);
    return exited < 0 ? exited : -ESRCH;
}

int drcl_process_of_pidfd(struct drcl_env *env, int pidfd, pid_t *ret_pid)
{
    char text[1024];
    ssize_t n = pidfd < 0 ? -EBADF : drcl_read_small(env, text, sizeof(text), "/proc/self/fdinfo/%d", pidfd);
    struct drcl_scan all = {text, text + n}, line;
    uint64_t pid = 0;

    if (n == -ENOENT || n == -EBADF)
        return drcl_refuse(env, -EINVAL, "target.pidfd: %d is not open", pidfd);
    if (n < 0)
        return drcl_refuse(env, (int)n, "target.pidfd: /proc/self/fdinfo/%d cannot be read: %s", pidfd,
                           strerror((int)-n));
    while (drcl_scan_line(&all, &line)) {
        if (!drcl_scan_word(&line, "Pid:"))
            continue;
        drcl_scan_blanks(&line);
        if (drcl_scan_char(&line, '-'))
            return drcl_refuse(env, -ESRCH, "target.pidfd: the process of %d has exited", pidfd);
        if (!drcl_scan_u64(&line, 10, &pid) || !pid || pid > INT_MAX)
            return drcl_refuse(env, -EINVAL, "target.pidfd: the process of %d is in another pid namespace", pidfd);
        *ret_pid = (pid_t)pid;
        return 0;
    }
    return drcl_refuse(env, -EINVAL, "target.pidfd: %d is not a pidfd", pidfd);
}
