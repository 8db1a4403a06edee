/* SPDX-License-Identifier: MIT */
/* Looks at where the memory of a machine is, and whether it can be reclaimed. */
#include "host.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

#define MOST_WORDS ((size_t)1 << 20) /* bytes of a command line; libvirt's have some ten thousand */
#define MOST_FILES 16384             /* of which it is looked what they are */

static int read_told(const char *root, pid_t pid, uint64_t configured, struct host_told *ret)
{
    struct host_cmdline cmdline;
    char *text, exe[PATH_MAX];
    int r = host_read_proc(root, pid, "cmdline", &text, &cmdline.len);

    if (r < 0)
        return r;
    cmdline.text = text;
    if (cmdline.len > MOST_WORDS)
        r = -E2BIG;
    else
        host_told_read(&cmdline, host_read_exe(root, pid, exe, sizeof(exe)) ? exe : NULL, configured, ret);
    free(text);
    return r;
}

/* A file by which a device gets at the memory of its process. */
static bool is_pinning(const char *path)
{
    static const char *const paths[] = {"/dev/vfio/", "/dev/iommu", "/dev/vhost-vdpa", "anon_inode:[vfio"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (!strncmp(path, paths[i], strlen(paths[i])))
            return true;
    return false;
}

static bool has_pinning_file(const char *root, pid_t pid)
{
    char path[PATH_MAX], link[64];
    struct dirent *entry;
    bool found = false;
    DIR *directory;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    directory = host_open_directory(root, path);
    for (unsigned int i = 0; directory && !found && i < MOST_FILES && (entry = readdir(directory)) != NULL; i++) {
        ssize_t n = readlinkat(dirfd(directory), entry->d_name, link, sizeof(link) - 1);

        link[n > 0 ? n : 0] = '\0';
        found = is_pinning(link);
    }
    if (directory)
        closedir(directory);
    return found;
}

/* Bytes that the process has locked or pinned. */
static uint64_t read_locked(const char *root, pid_t pid)
{
    static const char *const keys[] = {"\nVmLck:", "\nVmPin:"};
    uint64_t sum = 0, kib;
    char *text;

    if (host_read_proc(root, pid, "status", &text, NULL) < 0)
        return 0;
    for (size_t i = 0; i < 2; i++) {
        const char *line = strstr(text, keys[i]);

        if (line && sscanf(line + strlen(keys[i]), "%" SCNu64, &kib) == 1)
            sum += kib * 1024;
    }
    free(text);
    return sum;
}

int host_read_ram(const char *root, const struct host_found *found, uint64_t configured, struct host_ram *ret)
{
    struct host_mapping *mappings;
    struct host_told told;
    char *text;
    size_t n;
    int r = read_told(root, found->pid, configured, &told);

    if (r == 0)
        r = host_read_proc(root, found->pid, "maps", &text, NULL);
    if (r < 0)
        return r;
    r = host_parse_mappings(text, &mappings, &n);
    if (r == 0) {
        r = host_guest_ram(mappings, n, &told, ret);
        free(mappings);
    }
    free(text);
    if (r == 0 && !ret->pinned)
        ret->pinned =
            has_pinning_file(root, found->pid) || (ret->bytes && read_locked(root, found->pid) >= ret->bytes / 2);
    return r;
}
