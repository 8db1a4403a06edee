/* SPDX-License-Identifier: MIT */
#include "giving.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"

/* Of the virtio specification. */
#define BALLOON        5 /* the type of the device */
#define BALLOON_REPORT 5 /* the feature bit */

#define HUGE_ORDER 9  /* 2 MiB of pages of 4 KiB */
#define MAX_ORDER  32 /* more is no order: the kernel shows -1, or a large number, until something reports */
#define LINE       512

struct findings {
    const char *root;
    struct giving_finding *list;
    size_t n;
};

static __attribute__((format(printf, 4, 5))) void add(struct findings *f, const char *name, enum giving_verdict verdict,
                                                      const char *format, ...)
{
    struct giving_finding *finding = &f->list[f->n];
    va_list ap;

    if (f->n == GIVING_MAX)
        return;
    f->n++;
    finding->verdict = verdict;
    snprintf(finding->name, sizeof(finding->name), "%s", name);
    va_start(ap, format);
    vsnprintf(finding->text, sizeof(finding->text), format, ap);
    va_end(ap);
}

/* A path below the root; two parts make it. */
static const char *below(char buf[PATH_MAX], const char *root, const char *path, const char *file)
{
    snprintf(buf, PATH_MAX, "%s%s%s", root, path, file);
    return buf;
}

static bool is_there(const char *root, const char *path, const char *file)
{
    char buf[PATH_MAX];

    return access(below(buf, root, path, file), F_OK) == 0;
}

/* The first line of a file. */
static bool read_line(const char *root, const char *path, const char *file, char line[LINE])
{
    char buf[PATH_MAX], *text;

    if (file_read(below(buf, root, path, file), &text, NULL) < 0)
        return false;
    snprintf(line, LINE, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
    return true;
}

/* --- the balloon ------------------------------------------------------------------------------------------------- */

/* The order that the kernel reports by, -1 if it does not say. */
static int told_order(const char *root)
{
    char line[LINE];
    long order;

    if (!read_line(root, "/sys/module/page_reporting/parameters/page_reporting_order", "", line))
        return -1;
    order = strtol(line, NULL, 10);
    return order >= 0 && order < MAX_ORDER ? (int)order : -1;
}

unsigned int giving_order(const char *root)
{
    int order = told_order(root);

    return order < 0 ? HUGE_ORDER : (unsigned int)order;
}

/* A device of /sys/bus/virtio/devices that is a balloon. */
static void look_at_balloon(struct findings *f, const char *device)
{
    const char *name = "free page reporting";
    unsigned long long block = (unsigned long long)sysconf(_SC_PAGESIZE) << giving_order(f->root);
    char line[LINE], path[LINE];

    snprintf(path, sizeof(path), "/sys/bus/virtio/devices/%s", device);
    if (!is_there(f->root, path, "/driver"))
        add(f, name, GIVING_MISSING, "nobody drives the balloon %s: load the kernel's module virtio_balloon", device);
    else if (!read_line(f->root, path, "/features", line))
        add(f, name, GIVING_MISSING, "%s/features cannot be read", path);
    else if (strlen(line) <= BALLOON_REPORT || line[BALLOON_REPORT] != '1')
        add(f, name, GIVING_MISSING,
            "the balloon %s does not report free pages, so the host gets nothing back by itself: start the machine "
            "with "
            "free-page-reporting=on (QEMU: -device virtio-balloon-pci,free-page-reporting=on; libvirt: <memballoon "
            "model='virtio' freePageReporting='on'/>)",
            device);
    else
        add(f, name, GIVING_WORKS, "the balloon %s reports free memory to the host, in blocks of at least %llu KiB",
            device, block / 1024);
}

static void look_at_balloons(struct findings *f)
{
    char path[PATH_MAX], line[LINE], file[LINE];
    const struct dirent *entry;
    bool found = false;
    DIR *dir = opendir(below(path, f->root, "/sys/bus/virtio/devices", ""));

    while (dir && (entry = readdir(dir)) != NULL) {
        snprintf(file, sizeof(file), "/%s/device", entry->d_name);
        if (!strchr(entry->d_name, '.') && read_line(f->root, "/sys/bus/virtio/devices", file, line) &&
            strtoul(line, NULL, 16) == BALLOON) {
            look_at_balloon(f, entry->d_name);
            found = true;
        }
    }
    if (dir)
        closedir(dir);
    if (!found)
        add(f, "free page reporting", GIVING_NOTE,
            "there is no balloon device, so what becomes free stays with this machine; in a virtual machine, its host "
            "can add one (QEMU: -device virtio-balloon-pci,free-page-reporting=on)");
}

/* --- swap -------------------------------------------------------------------------------------------------------- */

/* Whether the kernel's compressed cache stands before the swap, and how much of the memory it may take. */
static bool has_zswap(const char *root, char percent[LINE])
{
    char line[LINE];

    snprintf(percent, LINE, "some");
    if (!read_line(root, "/sys/module/zswap/parameters/enabled", "", line) || (line[0] != 'Y' && line[0] != '1'))
        return false;
    if (read_line(root, "/sys/module/zswap/parameters/max_pool_percent", "", line))
        snprintf(percent, LINE, "%.16s %%", line);
    return true;
}

/* A cgroup below the root one that can be asked to reclaim. */
static bool cgroups_reclaim(const char *root)
{
    char path[PATH_MAX], file[LINE];
    const struct dirent *entry;
    bool found = false;
    DIR *dir = opendir(below(path, root, "/sys/fs/cgroup", ""));

    while (dir && !found && (entry = readdir(dir)) != NULL) {
        snprintf(file, sizeof(file), "/%s/memory.reclaim", entry->d_name);
        found = entry->d_name[0] != '.' && is_there(root, "/sys/fs/cgroup", file);
    }
    if (dir)
        closedir(dir);
    return found;
}

/* Swap whose writes are asynchronous: what does the kernel offer to free the pages that they leave behind? */
static void look_at_disk(struct findings *f, const char *name)
{
    static const char stays[] = "it is written asynchronously, so reclaimed pages stay in the swap cache";
    char percent[LINE];

    if (has_zswap(f->root, percent))
        add(f, name, GIVING_WORKS,
            "zswap takes the pages and they are free at once, until it has %s of the memory; then they stay in the "
            "swap "
            "cache for a while",
            percent);
    else if (is_there(f->root, "/sys/devices/system/node/node0/reclaim", ""))
        add(f, name, GIVING_WORKS, "%s until the kernel is asked to free them, which it can be (%s)", stays,
            "/sys/devices/system/node/node0/reclaim");
    else if (cgroups_reclaim(f->root))
        add(f, name, GIVING_NOTE,
            "%s until the kernel is asked to free them: memory.reclaim does it for processes in cgroups of their own. "
            "For "
            "those in the root cgroup use zram or zswap, or boot Linux 6.17 or newer",
            stays);
    else
        add(f, name, GIVING_MISSING,
            "%s until memory is short: use zram or zswap, or boot Linux 6.17 or newer, or put processes into cgroups "
            "of "
            "version 2 with the controller memory (Linux 5.19 or newer)",
            stays);
}

/* A line of /proc/swaps: "PATH TYPE SIZE USED PRIORITY". */
static void look_at_swap(struct findings *f, const char *line)
{
    static const char *const synchronous[] = {"/dev/zram", "/dev/ram", "/dev/pmem"};
    unsigned long long size, used;
    char path[LINE], name[LINE];

    if (sscanf(line, "%511s %*s %llu %llu", path, &size, &used) != 3)
        return;
    snprintf(name, sizeof(name), "swap on %.48s", path);
    if (used >= size) {
        add(f, name, GIVING_MISSING, "it is full: nothing anonymous can be reclaimed until there is more swap");
        return;
    }
    for (size_t i = 0; i < sizeof(synchronous) / sizeof(*synchronous); i++) {
        if (!strncmp(path, synchronous[i], strlen(synchronous[i]))) {
            add(f, name, GIVING_WORKS, "it is written at once, so reclaimed pages are free at once%s",
                i == 0 ? "; what they are compressed to stays in memory" : "");
            return;
        }
    }
    look_at_disk(f, name);
}

static void look_at_swaps(struct findings *f)
{
    char path[PATH_MAX], *text, *line, *rest = NULL;
    size_t before = f->n;

    if (file_read(below(path, f->root, "/proc/swaps", ""), &text, NULL) < 0)
        return;
    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        look_at_swap(f, line);
    free(text);
    if (f->n == before)
        add(f, "swap", GIVING_MISSING,
            "there is no swap: only memory of files can be reclaimed; add swap, for example zram, or set skip_anon=Y "
            "if "
            "this is intended");
}

size_t giving_look(const char *root, struct giving_finding findings[GIVING_MAX])
{
    struct findings f = {root, findings, 0};

    look_at_balloons(&f);
    look_at_swaps(&f);
    return f.n;
}
