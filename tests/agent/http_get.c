/* SPDX-License-Identifier: MIT */
/* One HTTP request to the loopback: http_get PORT PATH [ACCEPT [METHOD]]. Prints the whole answer. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char text[4096];
    ssize_t n;
    int fd, len;

    if (argc < 3)
        return 2;
    name.sin_port = htons((uint16_t)atoi(argv[1]));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0) {
        perror("http_get");
        return 1;
    }
    len = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: localhost\r\nAccept: %s\r\nConnection: close\r\n\r\n",
                   argc > 4 ? argv[4] : "GET", argv[2], argc > 3 ? argv[3] : "*/*");
    if (write(fd, text, (size_t)len) != len)
        return 1;
    while ((n = read(fd, text, sizeof(text))) > 0)
        fwrite(text, 1, (size_t)n, stdout);
    close(fd);
    return n < 0 || fflush(stdout) != 0;
}
