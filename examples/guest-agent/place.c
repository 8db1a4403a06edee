/* SPDX-License-Identifier: MIT */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vm_sockets.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Parses a decimal number up to the character @end, and skips that character. */
static bool take_number(const char **text, char end, uint32_t *ret)
{
    char *stop;
    unsigned long long value;

    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    value = strtoull(*text, &stop, 10);
    if (errno || *stop != end || value > UINT32_MAX)
        return false;
    *text = end ? stop + 1 : stop;
    *ret = (uint32_t)value;
    return true;
}

static int parse_vsock(const char *text, struct place *ret, struct error_text *error)
{
    struct sockaddr_vm vm = {.svm_family = AF_VSOCK};
    const char *at = text;

    if (!take_number(&at, ':', &vm.svm_cid) || !take_number(&at, '\0', &vm.svm_port))
        return error_set(error, -EINVAL, "vsock:%s: not vsock:CID:PORT, two numbers; the host is CID 2", text);
    memcpy(&ret->address, &vm, sizeof(vm));
    ret->len = sizeof(vm);
    return 0;
}

static int parse_unix(const char *path, struct place *ret, struct error_text *error)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    if (*path != '/' || strlen(path) >= sizeof(un.sun_path))
        return error_set(error, -EINVAL, "unix:%s: not an absolute path of at most %zu characters", path,
                         sizeof(un.sun_path) - 1);
    strcpy(un.sun_path, path);
    memcpy(&ret->address, &un, sizeof(un));
    ret->len = sizeof(un);
    return 0;
}

int place_parse(const char *text, struct place *ret, struct error_text *error)
{
    *ret = (struct place){.text = text};
    if (!strncmp(text, "vsock:", 6))
        return parse_vsock(text + 6, ret, error);
    if (!strncmp(text, "unix:", 5))
        return parse_unix(text + 5, ret, error);
    if (*text != '/')
        return error_set(error, -EINVAL,
                         "\"%s\" is neither the path of a virtio-serial port, nor vsock:CID:PORT, nor unix:PATH", text);
    ret->device = text;
    return 0;
}

static int open_device(const char *path)
{
    int fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode)) {
        close(fd);
        return -ENOTTY;
    }
    return fd;
}

int place_open(const struct place *place, bool *ret_pending)
{
    int fd, r;

    *ret_pending = false;
    if (place->device)
        return open_device(place->device);
    fd = socket(place->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    r = connect(fd, (const struct sockaddr *)&place->address, place->len) < 0 ? -errno : 0;
    if (r < 0 && r != -EINPROGRESS) {
        close(fd);
        return r;
    }
    *ret_pending = r == -EINPROGRESS;
    return fd;
}

int place_connected(int fd)
{
    socklen_t len = sizeof(int);
    int error = 0;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 ? -errno : -error;
}
