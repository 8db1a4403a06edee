/* SPDX-License-Identifier: MIT */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "helper_serve.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

#define SOCKET 3 /* its number in the helper */

/* Closes all files from @first on. */
static void close_from(int first)
{
    if (syscall(SYS_close_range, (unsigned int)first, ~0u, 0u) == 0)
        return;
    for (long fd = sysconf(_SC_OPEN_MAX) - 1; fd >= first; fd--)
        close((int)fd);
}

static void default_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the new process. Keeps no file of the daemon's, not even its standard files: whoever waits for their end would
 * wait for the helper. */
static _Noreturn void begin(int socket, pid_t daemon)
{
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != daemon)
        _exit(0); /* the daemon has ended meanwhile */
    default_signals();
    for (int fd = 0; fd < SOCKET; fd++)
        if (null < 0 || dup2(null, fd) < 0)
            close(fd);
    if (socket != SOCKET)
        dup2(socket, SOCKET);
    close_from(SOCKET + 1);
    helper_serve(SOCKET);
}

static int start(struct helper *helper)
{
    sigset_t all, before;
    int ends[2];
    pid_t daemon = getpid();

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    /* A signal that reaches the new process early must not run a handler of the daemon. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    helper->pid = fork();
    if (helper->pid == 0)
        begin(ends[1], daemon);
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (helper->pid < 0) {
        int r = -errno;

        close(ends[0]);
        helper->pid = 0;
        return r;
    }
    helper->socket = ends[0];
    return 0;
}

static pid_t give_up(struct helper *helper)
{
    pid_t pid = helper->pid;

    if (pid) {
        kill(pid, SIGKILL);
        close(helper->socket);
    }
    *helper = (struct helper){0};
    return pid;
}

/* It waits for a request, or has ended, so this does not take long. */
void helper_end(struct helper *helper)
{
    pid_t pid = give_up(helper);

    if (pid)
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 0 when there is an answer, or -ETIMEDOUT. A signal does not end the waiting: its handler has noted it, and the time
 * is limited. */
static int wait_for(int socket, int timeout_ms)
{
    int64_t until = now_ms() + timeout_ms, left = timeout_ms;
    struct pollfd p = {.fd = socket, .events = POLLIN};
    int r;

    do {
        r = poll(&p, 1, left > 0 ? (int)left : 0);
        left = until - now_ms();
    } while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

static int send_request(const struct helper *helper, const struct helper_request *request)
{
    struct helper_message message = {.call = request->call,
                                     .number = request->number,
                                     .offset = request->offset,
                                     .end = request->end,
                                     .len = request->len,
                                     .room = request->room};
    ssize_t n = helper_send(helper->socket, &message, sizeof(message), request->data, request->len, request->fd);

    return n < 0 ? (int)n : 0;
}

/* 0, or an error if there is no answer. */
static int receive_answer(const struct helper *helper, const struct helper_request *request, int timeout_ms,
                          ssize_t *ret)
{
    struct helper_answer answer = {0};
    int r = wait_for(helper->socket, timeout_ms), fd = -1;

    if (r < 0)
        return r;
    if (helper_receive(helper->socket, &answer, sizeof(answer), request->answer, request->room, &fd) <
        (ssize_t)sizeof(answer))
        return -EPIPE;
    *ret = (ssize_t)answer.result;
    if (request->call == HELPER_OPEN && answer.result >= 0)
        *ret = fd >= 0 ? fd : -EMFILE; /* there was no number free for it here */
    return 0;
}

ssize_t helper_call(struct helper *helper, const struct helper_request *request, int timeout_ms, pid_t *ret_lost)
{
    ssize_t result;
    int r = 0;

    *ret_lost = 0;
    for (int tries = 0; tries < 2; tries++) {
        if (!helper->pid)
            r = start(helper);
        if (r < 0)
            return r;
        r = send_request(helper, request);
        if (r == 0)
            break;
        /* It has ended since the last call, which nobody has noticed: another one. */
        helper_end(helper);
    }
    if (r < 0)
        return r;
    r = receive_answer(helper, request, timeout_ms, &result);
    if (r == 0)
        return result;
    *ret_lost = give_up(helper);
    return r;
}
