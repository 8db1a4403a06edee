/* SPDX-License-Identifier: MIT */
/*
 * confined FILE PROGRAM ARGUMENT...: runs the program. If it or a child of it is about to open something below /proc or
 * /sys, other than of its own process and of the CPUs, the path is written to the file, and all are killed. SIGTERM is
 * handed on. The exit status is that of the program; 1 if it was killed, 77 if it cannot be traced here.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77

static volatile sig_atomic_t program;

static void hand_on(int number)
{
    kill(program, number);
}

/* Reads a text in another process; at most what is left of its page and the next one. */
static void read_text(pid_t pid, uint64_t addr, char *buf, size_t size)
{
    uint64_t page = 4096 - addr % 4096, first = page < size - 1 ? page : size - 1;
    struct iovec to = {buf, first}, from = {(void *)(uintptr_t)addr, first};
    ssize_t n = process_vm_readv(pid, &to, 1, &from, 1, 0);

    buf[n > 0 ? n : 0] = '\0';
    if (n != (ssize_t)first || strlen(buf) < first || first == size - 1)
        return;
    to = (struct iovec){buf + first, size - 1 - first};
    from = (struct iovec){(void *)(uintptr_t)(addr + first), size - 1 - first};
    n = process_vm_readv(pid, &to, 1, &from, 1, 0);
    buf[first + (size_t)(n > 0 ? n : 0)] = '\0';
}

/* What every program may look at: itself, the CPUs, and which privileges there are. */
static bool is_harmless(const char *path)
{
    char own[32];

    snprintf(own, sizeof(own), "/proc/%d/", (int)program);
    return (strncmp(path, "/proc/", 6) && strncmp(path, "/sys/", 5)) || !strncmp(path, "/proc/self/", 11) ||
           !strncmp(path, own, strlen(own)) || !strncmp(path, "/sys/devices/system/cpu/", 24) ||
           !strcmp(path, "/proc/sys/kernel/cap_last_cap");
}

/* At the stop before or after a system call of @pid: whether it may go on. */
static bool may_go_on(FILE *out, pid_t pid)
{
    struct __ptrace_syscall_info info = {0};
    uint64_t addr = 0;
    char path[512];

    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return true;
    if (info.entry.nr == SYS_openat || info.entry.nr == SYS_openat2)
        addr = info.entry.args[1];
#ifdef SYS_open
    if (info.entry.nr == SYS_open)
        addr = info.entry.args[0];
#endif
    if (!addr)
        return true;
    read_text(pid, addr, path, sizeof(path));
    if (is_harmless(path))
        return true;
    fprintf(out, "%s\n", path);
    return false;
}

static _Noreturn void run(char **argv)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
        _exit(SKIPPED);
    raise(SIGSTOP);
    execv(argv[0], argv);
    _exit(127);
}

/* Follows all of them until the program ends. */
static int follow(FILE *out)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
        int number = 0;

        if (pid <= 0)
            continue;
        if (!WIFSTOPPED(status) && pid == program)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (!WIFSTOPPED(status))
            continue;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            if (!may_go_on(out, pid))
                return 1;                                              /* PTRACE_O_EXITKILL */
        } else if (status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP) { /* no event, and not a child's first stop */
            number = WSTOPSIG(status);
        }
        ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)number);
    }
    return 1;
}

int main(int argc, char **argv)
{
    static const intptr_t how = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                                PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    struct sigaction action = {.sa_handler = hand_on};
    FILE *out = argc > 2 ? fopen(argv[1], "we") : NULL;
    int status;
    pid_t pid;

    if (!out)
        return 2;
    pid = fork();
    if (pid == 0)
        run(argv + 2);
    program = pid;
    sigaction(SIGTERM, &action, NULL);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)how) < 0)
        return SKIPPED;
    ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
    status = follow(out);
    fclose(out);
    return status;
}
