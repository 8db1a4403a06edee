/* SPDX-License-Identifier: MIT */
/*
 * What it costs to find out who maps a frame, on the machine that this runs on: a process of its own with MIB of
 * memory, and all others that there are. Reads /proc, changes nothing; needs CAP_SYS_ADMIN, without which the kernel
 * tells no frame numbers.
 *
 *     bench-rmap MIB        one JSON line a figure
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pages/owners/rmap.h"
#include "sys/pagemap.h"

#define MAX_BYTES ((size_t)64 << 20)
#define STEP_NS   1000000
#define SKIPPED   77

static uint64_t now(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static void print(const char *name, size_t mib, double value, const char *unit)
{
    printf("{\"name\": \"rmap.%s\", \"mib\": %zu, \"value\": %.3f, \"unit\": \"%s\"}\n", name, mib, value, unit);
}

/* A process with the memory; half of it in huge pages, where the system has them. */
static pid_t start(char *memory, size_t bytes)
{
    int ready[2];
    char byte;
    pid_t pid;

    if (pipe(ready) < 0)
        exit(1);
    pid = fork();
    if (pid == 0) {
        madvise(memory, bytes / 2, MADV_HUGEPAGE);
        madvise(memory + bytes / 2, bytes / 2, MADV_NOHUGEPAGE);
        memset(memory, 1, bytes);
        if (write(ready[1], "", 1) == 1)
            for (;;)
                pause();
        _exit(1);
    }
    close(ready[1]);
    if (pid < 0 || read(ready[0], &byte, 1) != 1)
        exit(1);
    close(ready[0]);
    return pid;
}

/* The frames of the process, and how many there are. */
static size_t read_frames(pid_t pid, const char *memory, uint64_t *entries, size_t n)
{
    char path[32];
    size_t present = 0;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || pread(fd, entries, n * sizeof(*entries), (off_t)((uintptr_t)memory / DRCL_PAGE_SIZE * 8)) !=
                      (ssize_t)(n * sizeof(*entries)))
        exit(SKIPPED);
    close(fd);
    for (size_t i = 0; i < n; i++)
        present += (entries[i] & DRCL_PAGEMAP_PRESENT) && (entries[i] & DRCL_PAGEMAP_PFN);
    return present;
}

static void measure(struct drcl_rmap *rmap, size_t mib)
{
    uint64_t begin = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID), longest = 0, at;
    size_t steps = 0;
    int r;

    drcl_rmap_want(rmap, 0, UINT64_C(1) << 40);
    do {
        at = now(CLOCK_MONOTONIC);
        r = drcl_rmap_step(rmap, at + STEP_NS);
        at = now(CLOCK_MONOTONIC) - at;
        longest = at > longest ? at : longest;
        steps++;
    } while (r == 0);
    if (r < 0)
        exit(1);
    print("pass", mib, (double)(now(CLOCK_MONOTONIC) - begin) / 1e6, "ms for all processes");
    print("pass.cpu", mib, (double)(now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1e6, "ms");
    print("steps", mib, (double)steps, "steps of 1 ms");
    print("step.longest", mib, (double)longest / 1e6, "ms");
    print("table", mib, (double)drcl_rmap_bytes(rmap) / 1024, "KiB");
}

static void measure_finds(struct drcl_rmap *rmap, size_t mib, pid_t pid, const uint64_t *entries, size_t n)
{
    uint64_t begin = now(CLOCK_MONOTONIC);
    struct drcl_run run;
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += drcl_rmap_find(rmap, entries[i] & DRCL_PAGEMAP_PFN, &run) && run.pid == pid;
    print("find", mib, (double)(now(CLOCK_MONOTONIC) - begin) / (double)n, "ns");
    print("found", mib, (double)found / (double)n * 100, "% of the process' pages");
}

int main(int argc, char **argv)
{
    const size_t mib = argc > 1 ? strtoull(argv[1], NULL, 10) : 512, bytes = mib << 20, n = bytes / DRCL_PAGE_SIZE;
    const struct damon_reclaim_config config = {.size = sizeof(config)};
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uint64_t *entries = malloc(n * sizeof(*entries));
    struct drcl_rmap *rmap;
    struct drcl_env env;
    pid_t pid;

    if (memory == MAP_FAILED || !entries || drcl_env_init(&env, &config) < 0 ||
        drcl_rmap_new(&env, MAX_BYTES, &rmap) < 0)
        return 1;
    pid = start(memory, bytes);
    if (read_frames(pid, memory, entries, n) < n) {
        fprintf(stderr, "bench-rmap: skipped: the kernel does not tell the frames; run as root\n");
        kill(pid, SIGKILL);
        return SKIPPED;
    }
    measure(rmap, mib);
    measure_finds(rmap, mib, pid, entries, n);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    drcl_rmap_free(rmap);
    drcl_env_fini(&env);
    free(entries);
    return 0;
}
