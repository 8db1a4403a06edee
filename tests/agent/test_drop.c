/* SPDX-License-Identifier: MIT */
/* What a daemon can no longer do after it has dropped its privileges, call by call. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PAGEMAP_SCAN 0xc0606610ul

#include "agent/foreign.h"
#include "agent/hardening.h"
#include "scratch.h"
#include "suite.h"

static char directory[4200], wrong[4096];

static void note(const char *what, int r, const char *text)
{
    size_t len = strlen(wrong);

    snprintf(wrong + len, sizeof(wrong) - len, "%s: %d, %s; ", what, r, text);
}

/* The call is refused by the filter, and not by what it would come to. */
#define REFUSED(call)                                                                                                  \
    do {                                                                                                               \
        long refused_r = (errno = 0, (long)(call));                                                                    \
        if (refused_r != -1 || errno != EPERM)                                                                         \
            note(#call, (int)refused_r, strerror(errno));                                                              \
    } while (0)
/* The call reaches the kernel. */
#define ALLOWED(call)                                                                                                  \
    do {                                                                                                               \
        long allowed_r = (errno = 0, (long)(call));                                                                    \
        if (allowed_r == -1 && errno == EPERM)                                                                         \
            note(#call, (int)allowed_r, strerror(errno));                                                              \
    } while (0)

static void try_processes(void)
{
    struct iovec range = {wrong, 1};
    struct rlimit limit;

    REFUSED(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
    REFUSED(process_vm_readv(getppid(), &range, 1, &range, 1, 0));
    REFUSED(process_vm_writev(getppid(), &range, 1, &range, 1, 0));
    REFUSED(syscall(SYS_process_madvise, -1, &range, 1, MADV_DONTNEED, 0));
    REFUSED(syscall(SYS_process_madvise, -1, &range, 1, MADV_WILLNEED, 0));
    REFUSED(syscall(SYS_pidfd_getfd, -1, 0, 0));
    REFUSED(syscall(SYS_pidfd_send_signal, -1, 0, NULL, 0));
    REFUSED(syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0));
    REFUSED(kill(getppid(), SIGTERM));
    REFUSED(kill(getppid(), SIGSTOP));
    REFUSED(syscall(SYS_tgkill, getppid(), getppid(), SIGKILL));
    REFUSED(prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit));
    REFUSED(setpriority(PRIO_PROCESS, (id_t)getppid(), -20));
    REFUSED(execl("/bin/true", "true", NULL));
    REFUSED(setuid(0));
    REFUSED(syscall(SYS_unshare, CLONE_NEWUSER));
    REFUSED(setns(-1, 0));
    REFUSED(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
    REFUSED(syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, NULL));
    REFUSED(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
    REFUSED(prctl(PR_SET_SECCOMP, 0, NULL));
    ALLOWED(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
    ALLOWED(kill(0x7ffffff0, SIGKILL));
    ALLOWED(syscall(SYS_process_madvise, -1, &range, 1, 20, 0));
    ALLOWED(syscall(SYS_process_madvise, -1, &range, 1, 21, 0));
    if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
        note("clone3", 0, strerror(errno));
}

static void try_memory(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        note("mmap", -1, strerror(errno));
    REFUSED(mprotect(page, 4096, PROT_READ | PROT_EXEC));
    REFUSED((long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REFUSED(syscall(SYS_memfd_create, "x", 0));
    REFUSED(syscall(SYS_mlockall, MCL_CURRENT)); /* sanitizers have an mlockall() of their own */
    ALLOWED(mprotect(page, 4096, PROT_READ));
}

static void try_files(void)
{
    char path[4300];
    int fd;

    snprintf(path, sizeof(path), "%s/new", directory);
    REFUSED(open(path, O_CREAT | O_RDWR, 04755));
    REFUSED(open(path, O_CREAT | O_RDWR, 02755));
    REFUSED(open(directory, O_TMPFILE | O_RDWR, 04755));
    fd = open(path, O_CREAT | O_RDWR | O_EXCL, 0600);
    if (fd < 0)
        note("a new file", fd, strerror(errno));
    REFUSED(fchmod(fd, 04755));
    ALLOWED(fchmod(fd, 0644));
    REFUSED(chmod(path, 0755));
    REFUSED(fchown(fd, 0, 0));
    REFUSED(fsetxattr(fd, "user.x", "x", 1, 0));
    REFUSED(link(path, "/nowhere/at/all"));
    REFUSED(symlink(path, "/nowhere/at/all"));
    REFUSED(mknod("/nowhere/at/all", S_IFIFO, 0));
    REFUSED(mkdir("/nowhere/at/all", 0700));
    REFUSED(chroot("/nowhere/at/all"));
    REFUSED(mount("x", "/nowhere/at/all", "tmpfs", 0, NULL));
    REFUSED(umount2("/nowhere/at/all", 0));
    REFUSED(syscall(SYS_openat2, AT_FDCWD, path, NULL, 0));
    REFUSED(syscall(SYS_open_by_handle_at, -1, NULL, 0));
    REFUSED(syscall(SYS_name_to_handle_at, -1, path, NULL, NULL, 0));
    REFUSED(ioctl(fd, TIOCSTI, "x"));
    ALLOWED(syscall(SYS_ioctl, fd, PAGEMAP_SCAN, NULL)); /* a C library may make an int of it first */
    ALLOWED(syscall(SYS_ioctl, fd, (long)(int)PAGEMAP_SCAN, NULL));
    REFUSED(syscall(SYS_bpf, 0, NULL, 0));
    REFUSED(syscall(SYS_init_module, NULL, 0, NULL));
    REFUSED(syscall(SYS_keyctl, 0));
    REFUSED(syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0));
    close(fd);
    unlink(path);
}

/* What the needs are for, with a set of them. */
static void try_needs(unsigned int needs)
{
    struct sockaddr address = {.sa_family = AF_UNIX};

    REFUSED(socket(AF_NETLINK, SOCK_RAW, 0));
    REFUSED(socket(AF_PACKET, SOCK_RAW, 0));
#define NEEDS(need, call)                                                                                              \
    do {                                                                                                               \
        if (needs & (need))                                                                                            \
            ALLOWED(call);                                                                                             \
        else                                                                                                           \
            REFUSED(call);                                                                                             \
    } while (0)
    NEEDS(HARDENING_UNIX, socket(AF_UNIX, SOCK_STREAM, 0));
    NEEDS(HARDENING_VSOCK, socket(AF_VSOCK, SOCK_STREAM, 0));
    NEEDS(HARDENING_LISTEN, socket(AF_INET, SOCK_STREAM, 0));
    NEEDS(HARDENING_LISTEN, socket(AF_INET6, SOCK_STREAM, 0));
    NEEDS(HARDENING_LISTEN, bind(-1, &address, sizeof(address)));
    NEEDS(HARDENING_LISTEN, listen(-1, 1));
    NEEDS(HARDENING_LISTEN, accept4(-1, NULL, NULL, 0));
    NEEDS(HARDENING_UNIX | HARDENING_VSOCK, connect(-1, &address, sizeof(address)));
    NEEDS(HARDENING_UMOUNT, umount2("/nowhere/at/all", MNT_DETACH | UMOUNT_NOFOLLOW));
    NEEDS(HARDENING_URING, syscall(SYS_io_uring_setup, 0, NULL));
    REFUSED(syscall(SYS_io_uring_register, -1, 0, NULL, 0));
}

/* The work with processes of others goes on, through a helper that is only made now. */
static void try_helper(void)
{
    char path[4300], *text = NULL;

    snprintf(path, sizeof(path), "%s/proc/100/cmdline", directory);
    if (foreign_read(path, &text, NULL) < 0 || strcmp(text, "words") != 0)
        note("the helper", 0, text ? text : "nothing");
    free(text);
    foreign_end();
}

static void warn(const char *text)
{
    note("the helper warns", 0, text);
}

/* In a child: there is no way back, and it ends without the leak sanitizer, which needs ptrace. */
static void in_child(unsigned int needs)
{
    static const int capabilities[] = {CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_SYS_NICE, CAP_DAC_READ_SEARCH};
    struct error_text error = {""};
    int ends[2], status;
    ssize_t n;
    pid_t pid;

    snprintf(directory, sizeof(directory), "%s", scratch_directory());
    scratch_file(directory, "proc/100/cmdline", "words");
    ck_assert_int_eq(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        foreign_begin(directory, NULL, warn, NULL);
        hardening_keep_capabilities(capabilities, 4, &error);
        if (hardening_filter_calls(needs, &error) < 0)
            note("the filter", -1, error.text);
        try_processes();
        try_memory();
        try_files();
        try_needs(needs);
        try_helper();
        n = write(ends[1], wrong, strlen(wrong));
        _exit(n != (ssize_t)strlen(wrong));
    }
    close(ends[1]);
    n = read(ends[0], wrong, sizeof(wrong) - 1);
    wrong[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_str_eq(wrong, "");
    ck_assert_int_eq(status, 0);
}

TEST_CASES(test_calls, 7)
{
    static const unsigned int needs[] = {0,
                                         HARDENING_UNIX,
                                         HARDENING_VSOCK,
                                         HARDENING_LISTEN,
                                         HARDENING_URING,
                                         HARDENING_UMOUNT,
                                         HARDENING_UNIX | HARDENING_LISTEN | HARDENING_URING | HARDENING_UMOUNT};
    struct error_text error;

    if (hardening_has_seccomp())
        in_child(needs[_i]);
    else
        ck_assert_int_eq(hardening_filter_calls(needs[_i], &error), -EOPNOTSUPP);
}
