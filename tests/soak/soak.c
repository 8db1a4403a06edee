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
    unsigned int warm = flat->total / 3, fds = steady_fds(pid);
    struct soak_half *half = &flat->half[flat->n >= warm + (flat->total - warm) / 2];
    uint64_t resident = status_kib(pid, "VmRSS"), private = status_kib(pid, "RssAnon") + status_kib(pid, "VmSwap");

    printf("%3u: %" PRIu64 " KiB resident, %" PRIu64 " KiB of its own, %u files\n", flat->n + 1, resident, private,
           fds);
    fflush(stdout);
    flat->most_kib = resident > flat->most_kib ? resident : flat->most_kib;
    if (flat->n++ < warm)
        return;
    half->n++;
    half->resident_kib += resident;
    half->private_kib += private;
    half->fds = fds > half->fds ? fds : half->fds;
}

static void measured(const char *name, double value, const char *unit)
{
    printf("{\"name\": \"%s\", \"value\": %.2f, \"unit\": \"%s\"}\n", name, value, unit);
}

/* In percent of @whole. */
static double measured_growth(const char *what, double before, double after, double whole)
{
    double growth = (after - before) / whole * 100;
    char name[64];

    snprintf(name, sizeof(name), "%s, first half", what);
    measured(name, before, "KiB");
    snprintf(name, sizeof(name), "%s, second half", what);
    measured(name, after, "KiB");
    snprintf(name, sizeof(name), "%s, growth", what);
    measured(name, growth, "%");
    return growth;
}

bool soak_flat_result(const struct soak_flat *flat)
{
    const struct soak_half *half = flat->half;
    double resident[2], private[2], growth[2];

    if (!half[0].n || !half[1].n || !half[0].resident_kib)
        return false;
    for (int i = 0; i < 2; i++) {
        resident[i] = (double)half[i].resident_kib / half[i].n;
        private[i] = (double)half[i].private_kib / half[i].n;
    }
    growth[0] = measured_growth("resident memory", resident[0], resident[1], resident[0]);
    growth[1] = measured_growth("memory of its own", private[0], private[1], (double)flat -> most_kib);
    measured("files gained", (double)half[1].fds - (double)half[0].fds, "");
    return growth[0] <= 1 && growth[1] <= 1 && half[1].fds <= half[0].fds;
}
