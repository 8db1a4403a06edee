/* SPDX-License-Identifier: MIT */
/*
 * What the daemon costs for each machine at default settings: CPU time, memory, files. The machines are processes whose
 * files below a root directory say that they run QEMU with 64 MiB of guest memory; how they use it is made up, one MiB
 * in four in use, and reclaiming takes no time. So it is the daemon, the engine and the reading of files that is
 * measured, and not a monitor backend. It fails if not every machine is watched.
 *
 *     bench-host MACHINES [SECONDS]        one JSON line a figure
 */
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hypervisor.h"

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

/* Waits for the metric, for a minute at most, and says how long it took. */
static void wait_for(const char *metric_begin, double least, size_t n, const char *name)
{
    struct timespec begin, end;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; n && i < 6; i++)
        if (daemon_wait(textfile, metric_begin, least, true))
            break;
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (n) /* or what follows would measure something else */
        metric_reaches(metric_begin, least);
    measured(name, n, (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9, "s");
}

static pid_t start(void)
{
    char root[80], more[160];

    snprintf(root, sizeof(root), "--root=%s", tree.root);
    snprintf(more, sizeof(more), "--metrics-textfile=%s", textfile);
    return daemon_start((const char *const[]){root, "--lock-directory=/run", more, "--metrics-interval=5s",
                                              "--drop-privileges=N", "--log-level=error", NULL});
}

static void run(const pid_t *pids, size_t n, unsigned int seconds)
{
    pid_t daemon = start();
    double cpu, kib, nr_files;
    char last[128];

    snprintf(last, sizeof(last), "damon_reclaim_vm_info{vm=\"vm%zu\",pid=\"%d\",state=\"watched\"", n ? n - 1 : 0,
             n ? (int)pids[n - 1] : 0);
    wait_for(last, 1, n, "all watched");
    sleep(seconds / 2); /* regions have split */
    cpu = cpu_seconds(daemon);
    sleep(seconds);
    cpu = (cpu_seconds(daemon) - cpu) / seconds * 100;
    kib = private_kib(daemon);
    nr_files = files(daemon);
    measured("CPU", n, cpu, "percent of one CPU");
    measured("memory", n, kib, "KiB");
    measured("files", n, nr_files, "files");
    measured("threads", n, threads(daemon), "threads");
    if (n) {
        measured("CPU of each machine", n, cpu / (double)n, "percent of one CPU");
        measured("memory of each machine", n, kib / (double)n, "KiB");
        measured("files of each machine", n, nr_files / (double)n, "files");
    }
    if (daemon_stop(daemon) != 0) {
        printf("the daemon does not end within a second\n");
        exit(1);
    }
}

static size_t nr_machines = 100;
static unsigned int nr_seconds = 60;

START_TEST(measure)
{
    pid_t *pids = calloc(nr_machines + 1, sizeof(*pids));
    char name[32];

    ck_assert_ptr_nonnull(pids);
    setup();
    for (size_t i = 0; i < nr_machines; i++) {
        snprintf(name, sizeof(name), "vm%zu", i);
        pids[i] = machine(name);
    }
    run(pids, nr_machines, nr_seconds);
    for (size_t i = 0; i < nr_machines; i++)
        stand_in_stop(pids[i]);
    teardown();
    free(pids);
}
END_TEST

/* The files are made by what the tests share, which works inside of a test alone. */
int main(int argc, char **argv)
{
    Suite *suite = suite_create("bench");
    TCase *tcase = tcase_create("bench");
    SRunner *runner = srunner_create(suite);
    int failed;

    if (argc > 1)
        nr_machines = strtoul(argv[1], NULL, 10);
    if (argc > 2)
        nr_seconds = (unsigned int)strtoul(argv[2], NULL, 10);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, measure);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_MINIMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
