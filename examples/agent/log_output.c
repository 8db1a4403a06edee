/* SPDX-License-Identifier: MIT */
#include "log_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    int own;     /* a descriptor of our own for the pipe or terminal, which does not wait; -1: there is none */
    bool socket; /* standard error is a socket: the journal's */
} output = {.own = -1};

/*
 * Pipes and terminals are opened once more: O_NONBLOCK belongs to the open file, which standard error shares with other
 * processes, so it must not be set there. A file has no reader, and its position is shared as well.
 */
void log_output_open(void)
{
    struct stat st;

    if (output.own >= 0)
        close(output.own);
    output.own = -1;
    output.socket = false;
    if (fstat(STDERR_FILENO, &st) < 0)
        return;
    if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
        output.own = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    output.socket = S_ISSOCK(st.st_mode);
}

bool log_output_write(const char *line, size_t len)
{
    ssize_t n;

    do {
        if (output.socket)
            n = send(STDERR_FILENO, line, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        else
            n = write(output.own >= 0 ? output.own : STDERR_FILENO, line, len);
    } while (n < 0 && errno == EINTR);
    return n >= 0;
}
