/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static void open_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            open("/dev/null", O_RDWR); /* gets the lowest free number, which is @fd */
}

static void ignore_signals(void)
{
    static const int meaningless[] = {SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO};

    for (size_t i = 0; i < sizeof(meaningless) / sizeof(meaningless[0]); i++)
        signal(meaningless[i], SIG_IGN);
}

static void mask(int how, const int *signals, size_t n)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < n; i++)
        sigaddset(&set, signals[i]);
    sigprocmask(how, &set, NULL);
}

void process_begin(void)
{
    open_standard_files();
    ignore_signals();
    mask(SIG_BLOCK, (const int[]){SIGHUP}, 1);
}

void process_hold_signals(void)
{
    mask(SIG_BLOCK, (const int[]){SIGTERM, SIGINT}, 2);
}

void process_release_signals(void)
{
    mask(SIG_UNBLOCK, (const int[]){SIGHUP, SIGTERM, SIGINT}, 3);
}
