/* SPDX-License-Identifier: MIT */
/*
 * What strangers can make a search for machines cost: 10,000 processes below a root directory, one of them with 100,000
 * words, one with 100,000 mappings. It fails if that takes more CPU time than the bounds below, which are some ten
 * times what it takes.
 *
 *     bench-host-search        one JSON line a figure
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "discovery.h"
#include "guest_ram.h"
#include "mappings.h"
#include "proc.h"

#define PROCESSES 10000
#define MANY      100000
#define SLICE_NS  UINT64_C(20000000)

static const char *const commands[] = {"qemu-system-*", "qemu-kvm", "kvm", "cloud-hypervisor"};
static const char *const users[] = {"root", "libvirt-qemu", "qemu"};
static char root[64];
static bool failed;

static void measured(const char *name, double value, double most, const char *unit)
{
    printf("{\"name\": \"host search %s\", \"value\": %.3f, \"unit\": \"%s\", \"bound\": %.3f}\n", name, value, unit,
           most);
    failed |= value > most;
}

static void write_proc(pid_t pid, const char *name, const void *text, size_t len)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/proc/%d/%s", root, (int)pid, name);
    file = fopen(path, "we");
    if (!file || fwrite(text, 1, len, file) != len || fclose(file) != 0)
        exit(1);
}

static void make_words(pid_t pid)
{
    static const char begin[] = "/usr/bin/qemu-system-x86_64\0-name\0words\0-m\0"
                                "64";
    char *text = calloc(1, sizeof(begin) + 2 * MANY);

    if (!text)
        exit(1);
    memcpy(text, begin, sizeof(begin));
    for (size_t i = 0; i < MANY; i++)
        text[sizeof(begin) + 2 * i] = i % 2 ? 'a' : '-';
    write_proc(pid, "cmdline", text, sizeof(begin) + 2 * MANY);
    free(text);
}

/* Half of them programs, half of them data of other programs. */
static void make_mappings(pid_t pid)
{
    char *text = malloc((size_t)MANY * 100);
    size_t len = 0;

    if (!text)
        exit(1);
    for (unsigned int i = 0; i < MANY; i++)
        len += (size_t)sprintf(text + len, "%llx-%llx %s 00000000 fe:01 %u /usr/lib/%u.so\n",
                               0x100000000ULL + i * 0x2000ULL, 0x100000000ULL + i * 0x2000ULL + 0x1000,
                               i % 2 ? "r-xp" : "rw-p", i % 2 ? i : MANY - i, i % 2 ? i : MANY - i);
    write_proc(pid, "maps", text, len);
    free(text);
}

/* A quarter has a monitor's name, and all of these the same name for their machine. */
static void make_process(pid_t pid)
{
    static const char stranger[] = "/usr/sbin/sshd\0-D", machine[] = "/usr/bin/qemu-system-x86_64\0-name\0same\0-m\0"
                                                                     "64";
    char text[256], path[128];
    int uid = pid % 8 ? 1000 : 0, n;

    snprintf(path, sizeof(path), "%s/proc/%d", root, (int)pid);
    if (mkdir(path, 0755) < 0)
        exit(1);
    write_proc(pid, "cmdline", pid % 4 ? stranger : machine, pid % 4 ? sizeof(stranger) : sizeof(machine));
    write_proc(pid, "comm", pid % 4 ? "sshd\n" : "qemu-system-x86\n", pid % 4 ? 5 : 16);
    write_proc(pid, "cgroup", "0::/user.slice\n", 15);
    n = snprintf(text, sizeof(text), "Name:\tqemu\nUid:\t%d\t%d\t%d\t%d\n", uid, uid, uid, uid);
    write_proc(pid, "status", text, (size_t)n);
    n = snprintf(text, sizeof(text), "%d (qemu) S 1 1 1 0 -1 4194560 900 0 7 0 1 1 0 0 20 0 4 0 %d 1 1 0\n", (int)pid,
                 (int)pid);
    write_proc(pid, "stat", text, (size_t)n);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static double seconds(uint64_t begin)
{
    return (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin) / 1e9;
}

static void measure_search(bool anywhere, const char *name, const char *slice)
{
    struct host_places places = {.root = root,
                                 .commands = {commands, sizeof(commands) / sizeof(commands[0])},
                                 .users = {users, sizeof(users) / sizeof(users[0])},
                                 .anywhere = anywhere,
                                 .most = 2000,
                                 .most_of_user = 32};
    struct host_found_list list = {0};
    uint64_t begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID), step;
    struct host_search *search;
    double longest = 0;
    int r = host_search_new(&places, &list, &search);

    while (r >= 0) {
        step = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        r = host_search_step(search, clock_now_ns() + SLICE_NS);
        longest = seconds(step) > longest ? seconds(step) : longest;
        if (r == 0)
            break;
    }
    step = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    if (r < 0 || host_search_finish(search, &list) < 0 || list.n < 1000)
        exit(1);
    longest = seconds(step) > longest ? seconds(step) : longest;
    host_search_free(search);
    measured(name, seconds(begin), 5, "s of CPU");
    measured(slice, longest * 1e3, 200, "ms of CPU");
    host_found_free(&list);
}

static void measure_memory(pid_t pid, const char *name)
{
    uint64_t begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    struct host_mapping *mappings;
    struct host_cmdline cmdline;
    struct host_told told;
    struct host_ram ram;
    char *words, *text;
    size_t n;

    if (host_read_proc(root, pid, "cmdline", &words, &cmdline.len) < 0)
        exit(1);
    cmdline.text = words;
    host_told_read(&cmdline, NULL, 0, &told);
    if (host_read_proc(root, pid, "maps", &text, NULL) == 0) {
        if (host_parse_mappings(text, &mappings, &n) < 0)
            exit(1);
        host_guest_ram(mappings, n, &told, &ram);
        free(mappings);
        free(text);
    }
    free(words);
    measured(name, seconds(begin) * 1e3, 1000, "ms of CPU");
}

int main(void)
{
    const char *tmp = getenv("TMPDIR");
    char path[80];

    snprintf(root, sizeof(root), "%s/drcl-search.XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    if (!mkdtemp(root))
        return 1;
    snprintf(path, sizeof(path), "%s/proc", root);
    if (mkdir(path, 0755) < 0)
        return 1;
    for (pid_t pid = 1; pid <= PROCESSES; pid++)
        make_process(pid);
    make_words(8);
    make_mappings(16);
    measure_search(false, "of 10,000 processes", "longest slice");
    measure_search(true, "of 10,000 processes anywhere", "longest slice anywhere");
    measure_memory(8, "of 100,000 words");
    measure_memory(16, "of 100,000 mappings");
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return failed;
}
