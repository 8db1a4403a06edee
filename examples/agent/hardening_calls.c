/* SPDX-License-Identifier: MIT */
/* The filter of system calls. */
#include <errno.h>
#include <string.h>

#include "hardening.h"

#if HAVE_SECCOMP
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The calls are listed by name, because not every machine has all of them. Calls that libseccomp does not know, or that
 * the machine does not have, are skipped. execve, ptrace, process_vm_readv, mount, unshare, bpf, and calls for modules,
 * keys, links and devices are not in the list.
 */
static const char *const allowed[] = {
    /* files */
    "access",
    "close",
    "close_range",
    "dup",
    "dup2",
    "dup3",
    "faccessat",
    "faccessat2",
    "fcntl",
    "fcntl64",
    "flock",
    "fstat",
    "fstat64",
    "fstatat64",
    "fstatfs",
    "fstatfs64",
    "ftruncate",
    "ftruncate64",
    "getdents",
    "getdents64",
    "_llseek",
    "lseek",
    "lstat",
    "lstat64",
    "newfstatat",
    "pread64",
    "pwrite64",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "stat",
    "stat64",
    "statfs",
    "statfs64",
    "statx",
    "unlink",
    "unlinkat",
    "write",
    "writev",
    /* waiting and time */
    "clock_getres",
    "clock_getres_time64",
    "clock_gettime",
    "clock_gettime64",
    "clock_nanosleep",
    "clock_nanosleep_time64",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "eventfd2",
    "gettimeofday",
    "nanosleep",
    "pipe2",
    "poll",
    "ppoll",
    "ppoll_time64",
    "restart_syscall",
    "time",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_gettime64",
    "timerfd_settime",
    "timerfd_settime64",
    /* memory */
    "brk",
    "madvise",
    "mremap",
    "munmap",
    /* this process, and helper processes */
    "exit",
    "exit_group",
    "fork",
    "futex",
    "futex_time64",
    "getegid",
    "getegid32",
    "geteuid",
    "geteuid32",
    "getgid",
    "getgid32",
    "getpid",
    "getppid",
    "getrandom",
    "getrlimit",
    "getrusage",
    "gettid",
    "getuid",
    "getuid32",
    "pidfd_open",
    "rseq",
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_getaffinity",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "sigreturn",
    "sysinfo",
    "times",
    "ugetrlimit",
    "uname",
    "wait4",
    "waitid",
    /* sockets that there are: of the helper, and for the needs */
    "getpeername",
    "getsockname",
    "getsockopt",
    "recv",
    "recvfrom",
    "recvmsg",
    "send",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "socketcall",
};

static const struct {
    unsigned int needs; /* any of them */
    const char *call;
} for_needs[] = {
    {HARDENING_UNIX | HARDENING_VSOCK, "connect"},
    {HARDENING_LISTEN, "accept"},
    {HARDENING_LISTEN, "accept4"},
    {HARDENING_LISTEN, "bind"},
    {HARDENING_LISTEN, "listen"},
    {HARDENING_URING, "io_uring_enter"},
    {HARDENING_URING, "io_uring_setup"},
};

#define SET_IDS        06000u
#define MAKES_FILE     (unsigned int)(O_CREAT | (O_TMPFILE & ~O_DIRECTORY))
#define NEW_NAMESPACES 0x7e020000u /* CLONE_NEW...; CLONE_NEWTIME is not for clone(2) */
#define SCAN           0xc0606610u /* PAGEMAP_SCAN */
#define NON_BLOCKING   0x5421u     /* FIONBIO */
#define COLD           20          /* MADV_COLD */
#define PAGEOUT        21          /* MADV_PAGEOUT */

bool hardening_has_seccomp(void)
{
    return true;
}

/* Allows a call if its argument number @arg compares so; -1: always. */
struct rule {
    const char *call;
    int arg;
    enum scmp_compare compare;
    scmp_datum_t a, b;
};

static int allow(scmp_filter_ctx filter, const struct rule *rule)
{
    const struct scmp_arg_cmp compare = {
        .arg = (unsigned int)rule->arg, .op = rule->compare, .datum_a = rule->a, .datum_b = rule->b};
    int call = seccomp_syscall_resolve_name(rule->call), r = 0;

    if (call != __NR_SCMP_ERROR)
        r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, rule->arg >= 0, &compare);
    return r == -EDOM || r == -EEXIST ? 0 : r; /* not on this machine; already in the list */
}

static int allow_always(scmp_filter_ctx filter, const char *call)
{
    return allow(filter, &(struct rule){.call = call, .arg = -1});
}

/* Of several rules for one call, one must hold. */
static int allow_by_argument(scmp_filter_ctx filter)
{
    const struct rule rules[] = {
        {"mmap", 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
        {"mmap2", 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
        {"mprotect", 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
        {"open", 1, SCMP_CMP_MASKED_EQ, MAKES_FILE, 0},
        {"open", 2, SCMP_CMP_MASKED_EQ, SET_IDS, 0},
        {"openat", 2, SCMP_CMP_MASKED_EQ, MAKES_FILE, 0},
        {"openat", 3, SCMP_CMP_MASKED_EQ, SET_IDS, 0},
        {"fchmod", 1, SCMP_CMP_MASKED_EQ, SET_IDS, 0},
        /* The kernel looks at 32 bits; what C puts above them depends on the C library. */
        {"ioctl", 1, SCMP_CMP_MASKED_EQ, UINT32_MAX, SCAN},
        {"ioctl", 1, SCMP_CMP_MASKED_EQ, UINT32_MAX, NON_BLOCKING},
        {"process_madvise", 3, SCMP_CMP_EQ, COLD, 0},
        {"process_madvise", 3, SCMP_CMP_EQ, PAGEOUT, 0},
        {"prctl", 0, SCMP_CMP_EQ, PR_SET_PDEATHSIG, 0},
        {"prlimit64", 0, SCMP_CMP_EQ, 0, 0},
        {"socketpair", 0, SCMP_CMP_EQ, AF_UNIX, 0},
        {"kill", 1, SCMP_CMP_EQ, SIGKILL, 0}, /* a helper that is stuck */
        {"tgkill", 0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0},
#ifdef __s390x__
        {"clone", 1, SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0},
#else
        {"clone", 0, SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0},
#endif
    };
    int r = 0;

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && r == 0; i++)
        r = allow(filter, &rules[i]);
    return r;
}

static int allow_for_needs(scmp_filter_ctx filter, unsigned int needs)
{
    const struct {
        unsigned int needs;
        int family;
    } families[] = {{HARDENING_UNIX, AF_UNIX},
                    {HARDENING_VSOCK, AF_VSOCK},
                    {HARDENING_LISTEN, AF_INET},
                    {HARDENING_LISTEN, AF_INET6}};
    int r = 0;

    for (size_t i = 0; i < sizeof(for_needs) / sizeof(for_needs[0]) && r == 0; i++)
        if (needs & for_needs[i].needs)
            r = allow_always(filter, for_needs[i].call);
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]) && r == 0; i++)
        if (needs & families[i].needs)
            r = allow(filter, &(struct rule){"socket", 0, SCMP_CMP_EQ, (scmp_datum_t)families[i].family, 0});
    if (r == 0 && (needs & HARDENING_UMOUNT))
        r = allow(filter, &(struct rule){"umount2", 1, SCMP_CMP_EQ, MNT_DETACH | UMOUNT_NOFOLLOW, 0});
    return r;
}

static int fill(scmp_filter_ctx filter, unsigned int needs)
{
    int clone3 = seccomp_syscall_resolve_name("clone3"), r = 0;

    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && r == 0; i++)
        r = allow_always(filter, allowed[i]);
    if (r == 0)
        r = allow_by_argument(filter);
    if (r == 0)
        r = allow_for_needs(filter, needs);
    /* Its flags are in memory, where they cannot be looked at. The C library takes clone() then. */
    if (r == 0 && clone3 != __NR_SCMP_ERROR)
        r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), clone3, 0);
    return r;
}

int hardening_filter_calls(unsigned int needs, struct error_text *error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int r;

    if (!filter)
        return error_set(error, -ENOMEM, "no memory for the filter of system calls");
    r = fill(filter, needs);
    /* Older kernels cannot log. The filter is the same without it. */
    if (r == 0)
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    if (r < 0)
        return error_set(error, r, "the filter of system calls cannot be set: %s; --drop-privileges=N works without it",
                         strerror(-r));
    return 0;
}
#else
bool hardening_has_seccomp(void)
{
    return false;
}

int hardening_filter_calls(unsigned int needs, struct error_text *error)
{
    (void)needs;
    return error_set(error, -EOPNOTSUPP, "system calls are not filtered: this build lacks libseccomp");
}
#endif
