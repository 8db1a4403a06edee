/* SPDX-License-Identifier: MIT */
#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int find_user(const char *name, uid_t *ret)
{
    const struct passwd *entry;
    unsigned long value;
    char *end;

    if (*name >= '0' && *name <= '9') {
        errno = 0;
        value = strtoul(name, &end, 10);
        *ret = (uid_t)value;
        return errno || *end || value >= IDENTITY_NOBODY ? -EINVAL : 0;
    }
    entry = getpwnam(name);
    if (!entry)
        return -ENOENT;
    *ret = entry->pw_uid;
    return 0;
}

int identity_add_users(struct identity_users *users, const char *const *names, size_t n, bool may_be_missing,
                       struct error_text *error)
{
    for (size_t i = 0; i < n; i++) {
        uid_t id, *grown;
        int r = find_user(names[i], &id);

        if (r == -ENOENT && may_be_missing)
            continue;
        if (r < 0)
            return error_set(error, r, "\"%s\" is not a user of this machine", names[i]);
        grown = realloc(users->ids, (users->n + 1) * sizeof(*grown));
        if (!grown)
            return error_set(error, -ENOMEM, "no memory");
        users->ids = grown;
        users->ids[users->n++] = id;
    }
    return 0;
}

void identity_free_users(struct identity_users *users)
{
    free(users->ids);
    *users = (struct identity_users){0};
}

static bool is_trusted(const struct identity_users *users, uid_t id)
{
    for (size_t i = 0; i < users->n; i++)
        if (users->ids[i] == id)
            return true;
    return id == 0;
}

/* The first @size - 1 bytes of a file as text; false if it cannot be read. */
static bool read_text(int directory, const char *name, char *buf, size_t size)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t n = 0;

    if (fd < 0)
        return false;
    do {
        n = read(fd, buf + len, size - 1 - len);
        len += n > 0 ? (size_t)n : 0;
    } while ((n > 0 && len < size - 1) || (n < 0 && errno == EINTR));
    close(fd);
    buf[len] = '\0';
    return n >= 0;
}

/* "Uid:" and four numbers: the real one, and those that the process may act as. */
static void read_users(int directory, struct identity *identity, const struct identity_users *users)
{
    char text[4096];
    const char *line = read_text(directory, "status", text, sizeof(text)) ? strstr(text, "\nUid:") : NULL;
    unsigned int ids[4];

    if (!line || sscanf(line + 5, "%u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) != 4)
        return;
    identity->user = ids[0];
    identity->trusted = true;
    for (size_t i = 0; i < 4; i++)
        identity->trusted = identity->trusted && is_trusted(users, ids[i]);
}

static void read_start(int directory, struct identity *identity)
{
    char text[1024];
    /* The name of the program is in brackets and may contain any character. */
    const char *rest = read_text(directory, "stat", text, sizeof(text)) ? strrchr(text, ')') : NULL;

    if (!rest ||
        sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
               &identity->start) != 1)
        identity->start = 0;
}

struct identity identity_read(int directory, pid_t pid, const struct identity_users *users)
{
    struct identity identity = {.pid = pid, .user = IDENTITY_NOBODY};

    read_users(directory, &identity, users);
    read_start(directory, &identity);
    return identity;
}
