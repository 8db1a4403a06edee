/* SPDX-License-Identifier: MIT */
/* The filter of system calls. */
#include <errno.h>
#include <string.h>

#include "hardening.h"

#if HAVE_SECCOMP
#include <seccomp.h>

/*
 * The calls are listed by name, because not every machine has all of them. Calls that libseccomp does not know, or that
 * the machine does not have, are skipped. execve, ptrace, mount, bpf, and calls for modules and keys are not in the
 * list.
 */
static const char *const allowed[] = {
    /* files */
    "access",
    "chdir",
    "close",
    "close_range",
    "dup",
    "dup2",
    "dup3",
    "faccessat",
    "faccessat2",
    "fallocate",
    "fchmod",
    "fcntl",
    "fcntl64",
    "fdatasync",
    "flock",
    "fstat",
    "fstat64",
    "fstatat64",
    "fstatfs",
    "fstatfs64",
    "fsync",
    "ftruncate",
    "ftruncate64",
    "getcwd",
    "getdents",
    "getdents64",
    "ioctl",
    "_llseek",
    "lseek",
    "lstat",
    "lstat64",
    "mkdir",
    "mkdirat",
    "newfstatat",
    "open",
    "openat",
    "openat2",
    "pipe",
    "pipe2",
    "pread64",
    "preadv",
    "preadv2",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "sendfile",
    "sendfile64",
    "splice",
    "stat",
    "stat64",
    "statfs",
    "statfs64",
    "statx",
    "umask",
    "unlink",
    "unlinkat",
    "vmsplice",
    "write",
    "writev",
    /* waiting */
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_ctl_old",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "eventfd",
    "eventfd2",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "poll",
    "ppoll",
    "ppoll_time64",
    "pselect6",
    "pselect6_time64",
    "select",
    "_newselect",
    "signalfd",
    "signalfd4",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    "timerfd_gettime64",
    "timerfd_settime64",
    /* time */
    "clock_getres",
    "clock_getres_time64",
    "clock_gettime",
    "clock_gettime64",
    "clock_nanosleep",
    "clock_nanosleep_time64",
    "gettimeofday",
    "nanosleep",
    "time",
    /* memory, of this and of other processes */
    "brk",
    "madvise",
    "membarrier",
    "mlock",
    "mlock2",
    "mlockall",
    "mmap",
    "mmap2",
    "mprotect",
    "mremap",
    "msync",
    "munlock",
    "munlockall",
    "munmap",
    "process_madvise",
    "process_mrelease",
    "process_vm_readv",
    /* processes: this one, and reading others */
    "exit",
    "exit_group",
    "getegid",
    "getegid32",
    "geteuid",
    "geteuid32",
    "getgid",
    "getgid32",
    "getpgrp",
    "getpid",
    "getppid",
    "getpriority",
    "getrandom",
    "getresgid",
    "getresuid",
    "getrlimit",
    "getrusage",
    "gettid",
    "getuid",
    "getuid32",
    "kill",
    "pidfd_open",
    "pidfd_send_signal",
    "prctl",
    "prlimit64",
    "rseq",
    "sched_getaffinity",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "setpriority",
    "sysinfo",
    "tgkill",
    "times",
    "ugetrlimit",
    "uname",
    "wait4",
    "waitid",
    /* threads that libmicrohttpd, libuv and libfuse start */
    "arch_prctl",
    "clone",
    "clone3",
    "futex",
    "futex_time64",
    "futex_waitv",
    "get_robust_list",
    "restart_syscall",
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigqueueinfo",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "rt_sigtimedwait_time64",
    "sigaltstack",
    "sigreturn",
    /* sockets */
    "accept",
    "accept4",
    "bind",
    "connect",
    "getpeername",
    "getsockname",
    "getsockopt",
    "listen",
    "recv",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "send",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "socket",
    "socketcall",
    "socketpair",
};

bool hardening_has_seccomp(void)
{
    return true;
}

static int allow(scmp_filter_ctx filter, const char *name)
{
    int call = seccomp_syscall_resolve_name(name);
    int r = call == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);

    return r == -EDOM || r == -EEXIST ? 0 : r; /* not on this machine; already in the list */
}

int hardening_filter_calls(const char *const *extra, struct agent_error *error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int r = 0;

    if (!filter)
        return agent_fail(error, -ENOMEM, "no memory for the filter of system calls");
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && r == 0; i++)
        r = allow(filter, allowed[i]);
    for (; extra && *extra && r == 0; extra++)
        r = allow(filter, *extra);
    /* Older kernels cannot log. The filter is the same without it. */
    if (r == 0)
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    if (r < 0)
        return agent_fail(error, r,
                          "the filter of system calls cannot be set: %s; --drop-privileges=N works without it",
                          strerror(-r));
    return 0;
}
#else
bool hardening_has_seccomp(void)
{
    return false;
}

int hardening_filter_calls(const char *const *extra, struct agent_error *error)
{
    (void)extra;
    return agent_fail(error, -EOPNOTSUPP, "system calls are not filtered: this build lacks libseccomp");
}
#endif
