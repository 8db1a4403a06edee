/* SPDX-License-Identifier: MIT */
/* Whose processes are taken for machines without further ado. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/files.h"
#include "proc.h"
#include "search.h"

/* Looks in the text of /etc/passwd. Other databases of users may need the network, and are not asked. */
static bool find_user(const char *passwd, const char *name, uid_t *ret)
{
    size_t len = strlen(name);

    for (const char *line = passwd; line; line = strchr(line, '\n'), line += line != NULL) {
        const char *field = line + len;

        if (strncmp(line, name, len) || *field != ':')
            continue;
        field = strchr(field + 1, ':');
        if (!field || field[1] < '0' || field[1] > '9')
            return false;
        *ret = (uid_t)strtoul(field + 1, NULL, 10);
        return true;
    }
    return false;
}

int host_read_users(struct host_search *search)
{
    const struct host_words *users = &search->places.users;
    char *passwd = NULL;
    int r = host_read_file(search->places.root, "/etc/passwd", &passwd, NULL);

    if (file_own_lack(r) < 0)
        return r;
    search->uids = calloc(users->n + 1, sizeof(*search->uids));
    if (!search->uids) {
        free(passwd);
        return -ENOMEM;
    }
    for (size_t i = 0; i < users->n; i++) {
        uid_t *uid = &search->uids[search->nr_uids];

        if (users->items[i][0] && strspn(users->items[i], "0123456789") == strlen(users->items[i]))
            *uid = (uid_t)strtoul(users->items[i], NULL, 10);
        else if (!strcmp(users->items[i], "root"))
            *uid = 0;
        else if (!passwd || !find_user(passwd, users->items[i], uid))
            continue;
        search->nr_uids++;
    }
    free(passwd);
    return 0;
}

static bool is_trusted(const struct host_search *search, uid_t uid)
{
    for (size_t i = 0; i < search->nr_uids; i++)
        if (search->uids[i] == uid)
            return true;
    return false;
}

/* The directory belongs to the process's user, or to root if the process may not be dumped. */
static bool read_directory_owner(const struct host_search *search, pid_t pid, uid_t *ret)
{
    char path[PATH_MAX];
    struct stat st;

    snprintf(path, sizeof(path), "%s/proc/%d", search->places.root ? search->places.root : "", (int)pid);
    if (stat(path, &st) < 0)
        return false;
    *ret = st.st_uid;
    return true;
}

bool host_may_be_trusted(const struct host_search *search, pid_t pid)
{
    uid_t uid;

    return read_directory_owner(search, pid, &uid) && is_trusted(search, uid);
}

/* All four count: a program of another user that is set-uid root has root's number as well. */
bool host_read_owner(const struct host_search *search, pid_t pid, uid_t *ret_uid, bool *ret_trusted)
{
    uint32_t uids[4];
    char text[1024], *line;
    int r = host_read_begin(search->places.root, pid, "status", text, sizeof(text));

    if (r == -ESRCH && search->places.root && *search->places.root && read_directory_owner(search, pid, ret_uid)) {
        *ret_trusted = is_trusted(search, *ret_uid); /* below another root, where there may be less than in /proc */
        return true;
    }
    if (r < 0)
        return false;
    line = strstr(text, "\nUid:");
    if (!line ||
        sscanf(line + 5, "%" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32, &uids[0], &uids[1], &uids[2], &uids[3]) != 4)
        return false;
    *ret_uid = uids[0];
    *ret_trusted = true;
    for (size_t i = 0; i < 4; i++)
        *ret_trusted &= is_trusted(search, uids[i]);
    return true;
}
