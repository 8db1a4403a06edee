/* SPDX-License-Identifier: MIT */
/* The host's side of a Unix socket, for the shell: listen PATH prints what comes, one connection after the other, and
 * a line "-- connection" before each. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
    char buf[4096];
    ssize_t n;

    if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path))
        return 2;
    strcpy(address.sun_path, argv[1]);
    unlink(argv[1]);
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 1) < 0)
        return 1;
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        puts("-- connection");
        fflush(stdout);
        while ((n = read(fd, buf, sizeof(buf))) > 0)
            if (write(STDOUT_FILENO, buf, (size_t)n) != n)
                return 1;
        close(fd);
    }
    return 1;
}
