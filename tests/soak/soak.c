/* SPDX-License-Identifier: MIT */
#include "soak.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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

uint64_t soak_rss(pid_t pid)
{
    char path[64], line[256];
    uint64_t kib = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "VmRSS: %" SCNu64, &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib * 1024;
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

void soak_flat_look(struct soak_flat *flat, pid_t pid)
{
    uint64_t rss = soak_rss(pid);
    unsigned int fds = soak_fds(pid);

    flat->peak = rss > flat->peak ? rss : flat->peak;
    flat->fds = fds > flat->fds ? fds : flat->fds;
}

void soak_flat_end_part(struct soak_flat *flat)
{
    bool warm = flat->n >= flat->warm;
    uint64_t *peak = warm ? &flat->after : &flat->before;
    unsigned int *fds = warm ? &flat->fds_after : &flat->fds_before;

    flat->n++;
    printf("%3u: %" PRIu64 " KiB resident, %u files\n", flat->n, flat->peak / 1024, flat->fds);
    fflush(stdout);
    *peak = flat->peak > *peak ? flat->peak : *peak;
    *fds = flat->fds > *fds ? flat->fds : *fds;
    flat->peak = 0;
    flat->fds = 0;
}

bool soak_flat_result(const struct soak_flat *flat)
{
    bool long_enough = flat->n > flat->warm && flat->before;
    double growth = long_enough ? ((double)flat->after / (double)flat->before - 1) * 100 : 0;

    printf("{\"name\": \"resident memory, warm\", \"value\": %" PRIu64 ", \"unit\": \"KiB\"}\n", flat->before / 1024);
    printf("{\"name\": \"resident memory, afterwards\", \"value\": %" PRIu64 ", \"unit\": \"KiB\"}\n",
           flat->after / 1024);
    printf("{\"name\": \"growth\", \"value\": %.3f, \"unit\": \"%%\"}\n", growth);
    printf("{\"name\": \"files gained\", \"value\": %d, \"unit\": \"\"}\n",
           (int)flat->fds_after - (int)flat->fds_before);
    return long_enough && growth <= 1 && flat->fds_after <= flat->fds_before;
}
