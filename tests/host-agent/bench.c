/* SPDX-License-Identifier: MIT */
/*
 * What the daemon costs for each machine: CPU time, memory, files. The machines are processes with 32 MiB of memory,
 * found and read from /proc as real ones are; how they use it is made up, one MiB in four in use, and reclaiming takes
 * no time. So it is the daemon, the engine and the reading of /proc that is measured, and not a monitor backend.
 *
 *     bench-host MACHINES [SECONDS]        one JSON line a figure
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"

#define RAM (UINT64_C(32) << 20)

static void measured(const char *name, size_t n, double value, const char *unit)
{
    printf("{\"name\": \"host daemon %s\", \"machines\": %zu, \"value\": %.3f, \"unit\": \"%s\"}\n", name, n, value,
           unit);
    fflush(stdout);
}

static FILE *open_proc(pid_t pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    return fopen(path, "re");
}

static double cpu_seconds(pid_t pid)
{
    unsigned long long user = 0, system = 0;
    FILE *file = open_proc(pid, "stat");

    if (!file ||
        fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
        exit(1);
    fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* What is the process's own: it shares what it inherited. */
static double private_kib(pid_t pid)
{
    unsigned long long kib, sum = 0;
    FILE *file = open_proc(pid, "smaps_rollup");
    char line[256];

    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "Private_Clean: %llu", &kib) == 1 || sscanf(line, "Private_Dirty: %llu", &kib) == 1)
            sum += kib;
    if (file)
        fclose(file);
    return (double)sum;
}

static double files(pid_t pid)
{
    char path[64];
    double n = 0;
    DIR *directory;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    directory = opendir(path);
    while (directory && readdir(directory))
        n++;
    if (directory)
        closedir(directory);
    return n - 2; /* . and .. */
}

static double threads(pid_t pid)
{
    FILE *file = open_proc(pid, "status");
    unsigned int n = 0;
    char line[256];

    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "Threads: %u", &n) == 1)
            break;
    if (file)
        fclose(file);
    return n;
}

static char *pids_option(const pid_t *pids, size_t n)
{
    char *text = malloc(n * 12 + 64);
    size_t len;

    if (!text)
        exit(1);
    len = (size_t)sprintf(text, "--discovery-pids=");
    for (size_t i = 0; i < n; i++)
        len += (size_t)sprintf(text + len, "%s%d", i ? "," : "", (int)pids[i]);
    return text;
}

/* Waits for the metric, for a minute at most, and says how long it took. */
static void wait_for(const char *textfile, const char *metric, size_t n, const char *name)
{
    struct timespec begin, end;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; n && i < 6; i++)
        if (daemon_wait(textfile, metric, 1, true))
            break;
    clock_gettime(CLOCK_MONOTONIC, &end);
    measured(name, n, (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9, "s");
}

static void run(const pid_t *pids, size_t n, unsigned int seconds, const char *directory)
{
    char lock[128], textfile[128], more[160], *list = pids_option(pids, n);
    double kib, nr_files, cpu;
    pid_t daemon;

    snprintf(lock, sizeof(lock), "--lock-directory=%s", directory);
    snprintf(textfile, sizeof(textfile), "%s/host.prom", directory);
    snprintf(more, sizeof(more), "--metrics-textfile=%s", textfile);
    daemon = daemon_start((const char *const[]){
        list, lock, more, "--metrics-interval=1s", "--drop-privileges=N", "--discovery-anywhere=N",
        "--discovery-pid-files=", "--discovery-cgroups=", "--min-age=5s", "--log-level=warning", NULL});
    wait_for(textfile, "damon_reclaim_build_info", n, "start");
    wait_for(textfile, "damon_reclaim_host_tried_bytes_total", n, "first reclaim");
    cpu = cpu_seconds(daemon);
    sleep(seconds);
    cpu = (cpu_seconds(daemon) - cpu) / seconds * 100;
    kib = private_kib(daemon);
    nr_files = files(daemon);
    measured("CPU", n, cpu, "percent of one CPU");
    measured("memory", n, kib, "KiB");
    measured("files", n, nr_files, "files");
    measured("threads", n, threads(daemon), "threads");
    measured("reclaimed", n, daemon_metric(textfile, "damon_reclaim_host_tried_bytes_total") / 1048576, "MiB");
    if (n) {
        measured("CPU of each machine", n, cpu / (double)n, "percent of one CPU");
        measured("memory of each machine", n, kib / (double)n, "KiB");
        measured("files of each machine", n, nr_files / (double)n, "files");
    }
    free(list);
    if (daemon_stop(daemon) != 0) {
        printf("the daemon does not end within a second\n");
        exit(1);
    }
    unlink(textfile);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
    unsigned int seconds = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 20;
    char directory[] = "/tmp/drcl-bench-host.XXXXXX", lock[64];
    pid_t *pids = calloc(n + 1, sizeof(*pids));
    void *ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (!pids || ram == MAP_FAILED || !mkdtemp(directory))
        return 1;
    memset(ram, 1, RAM); /* theirs, and yet there only once */
    for (size_t i = 0; i < n; i++)
        pids[i] = stand_in_start();
    run(pids, n, seconds, directory);
    for (size_t i = 0; i < n; i++)
        stand_in_stop(pids[i]);
    snprintf(lock, sizeof(lock), "%s/damon-reclaim-host.lock", directory);
    unlink(lock);
    rmdir(directory);
    free(pids);
    return 0;
}
