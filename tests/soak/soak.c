/* SPDX-License-Identifier: MIT */
#include "soak.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t soak_seed(const char *text)
{
    struct timespec now;
    uint64_t seed;

    clock_gettime(CLOCK_REALTIME, &now);
    seed = text ? strtoull(text, NULL, 0) : (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    printf("seed %" PRIu64 "\n", seed);
    fflush(stdout);
    return seed;
}

/* splitmix64 */
uint64_t soak_random(struct soak_random *random, uint64_t n)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

bool soak_chance(struct soak_random *random, unsigned int percent)
{
    return soak_random(random, 100) < percent;
}

unsigned int soak_errors(const char *log, const char *expected)
{
    FILE *file = fopen(log, "re");
    unsigned int n = 0;
    char line[1024];

    while (file && fgets(line, sizeof(line), file)) {
        if (!strstr(line, ": error: "))
            continue;
        n++;
        if (!expected || !strstr(line, expected))
            printf("    %s", line);
    }
    if (file)
        fclose(file);
    return n;
}

/* A line of /proc/PID/status in KiB: "VmRSS", "RssAnon". 0 when the process is gone. */
static uint64_t status_kib(pid_t pid, const char *name)
{
    size_t length = strlen(name);
    char path[64], line[256];
    uint64_t kib = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, name, length) != 0 || line[length] != ':')
            continue;
        kib = strtoull(line + length + 1, NULL, 10);
        break;
    }
    if (file)
        fclose(file);
    return kib;
}

unsigned int soak_fds(pid_t pid)
{
    const struct dirent *entry;
    unsigned int n = 0;
    char path[64];
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    dir = opendir(path);
    while (dir && (entry = readdir(dir)) != NULL)
        n += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return n;
}

/* The least of a few looks: what is open for a moment does not count. */
static unsigned int steady_fds(pid_t pid)
{
    static const struct timespec moment = {.tv_nsec = 20000000};
    unsigned int fds = soak_fds(pid);

    for (int i = 0; i < 4; i++) {
        unsigned int now;

        nanosleep(&moment, NULL);
        now = soak_fds(pid);
        fds = now < fds ? now : fds;
    }
    return fds;
}

void soak_flat_look(struct soak_flat *flat, pid_t pid)
{
    unsigned int warm = flat->total / 3, half = flat->n >= warm + (flat->total - warm) / 2, fds = steady_fds(pid);
    uint64_t rss = status_kib(pid, "VmRSS");

    printf("%3u: %" PRIu64 " KiB resident, %" PRIu64 " of them anonymous, %u files\n", flat->n + 1, rss,
           status_kib(pid, "RssAnon"), fds);
    fflush(stdout);
    if (flat->n++ < warm)
        return;
    flat->nr_in[half]++;
    flat->kib[half] += rss;
    flat->fds[half] = fds > flat->fds[half] ? fds : flat->fds[half];
}

static void measured(const char *name, double value, const char *unit)
{
    printf("{\"name\": \"%s\", \"value\": %.2f, \"unit\": \"%s\"}\n", name, value, unit);
}

bool soak_flat_result(const struct soak_flat *flat)
{
    bool long_enough = flat->nr_in[0] && flat->nr_in[1] && flat->kib[0];
    double mean[2] = {0}, growth;

    for (int half = 0; half < 2 && long_enough; half++)
        mean[half] = (double)flat->kib[half] / flat->nr_in[half];
    growth = long_enough ? (mean[1] / mean[0] - 1) * 100 : 0;
    measured("resident memory, first half", mean[0], "KiB");
    measured("resident memory, second half", mean[1], "KiB");
    measured("growth", growth, "%");
    measured("files gained", (double)flat->fds[1] - (double)flat->fds[0], "");
    return long_enough && growth <= 1 && flat->fds[1] <= flat->fds[0];
}
