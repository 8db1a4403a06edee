/* SPDX-License-Identifier: MIT */
/*
 * applications APPLICATION WAY: a program of Debian's at work while its memory is reclaimed in some way, or not at all
 * (reclaimer.h lists the ways). Prints one line of JSON, of which tests/vm/applications makes a table.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "application.h"
#include "guest.h"
#include "reclaimer.h"

#define ZRAM_COLUMN 3 /* of mm_stat: all the memory that it takes */

static const struct {
    const char *name;
    void (*run)(const char *way);
} applications[] = {{"compiler", application_compiler}, {"redis", application_redis}};

static pid_t fork_flushed(void)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid < 0)
        guest_die("fork");
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

pid_t application_start(const char *const argv[])
{
    pid_t pid = fork_flushed();

    if (pid > 0)
        return pid;
    guest_enter_cgroup(APPLICATION_CGROUP);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    guest_die(argv[0]);
}

void application_apart(void (*function)(void *argument), void *argument)
{
    pid_t pid = fork_flushed();
    int status;

    if (pid == 0) {
        function(argument);
        fflush(stdout);
        _exit(0);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        printf("a process of the benchmark failed\n");
        exit(1);
    }
}

uint64_t application_resident(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    return guest_number_in(path, "VmRSS:") * 1024;
}

/* Number @column of a file, from 1 on. */
static uint64_t number_in_column(const char *path, int column)
{
    FILE *f = fopen(path, "re");
    uint64_t value = 0;

    if (!f)
        guest_die(path);
    for (int i = 0; i < column; i++)
        if (fscanf(f, "%" SCNu64, &value) != 1)
            guest_die(path);
    fclose(f);
    return value;
}

uint64_t application_charged(void)
{
    return number_in_column("/sys/fs/cgroup/" APPLICATION_CGROUP "/memory.current", 1);
}

uint64_t application_zram(void)
{
    return number_in_column("/sys/block/zram0/mm_stat", ZRAM_COLUMN);
}

struct application_counters application_counters(void)
{
    const char *path = "/sys/fs/cgroup/" APPLICATION_CGROUP "/memory.stat";

    return (struct application_counters){.swapped_in = guest_vmstat("pswpin"),
                                         .refaults = guest_number_in(path, "workingset_refault_anon") +
                                                     guest_number_in(path, "workingset_refault_file")};
}

/* What is told meanwhile would come in between if it were printed at once. */
static char line[2048];

void application_member(const char *name, double value)
{
    size_t n = strlen(line);

    if (snprintf(line + n, sizeof(line) - n, ", \"%s\": %.3f", name, value) >= (int)(sizeof(line) - n)) {
        printf("the line of JSON is too long\n");
        exit(1);
    }
}

void application_members_of_memory(const struct application_counters *before)
{
    struct application_counters now = application_counters();

    application_member("zram", (double)application_zram());
    application_member("swapped_in", (double)(now.swapped_in - before->swapped_in));
    application_member("refaults", (double)(now.refaults - before->refaults));
}

void application_members_of_way(const struct reclaimer_figures *figures)
{
    application_member("cpu_ms", (double)figures->cpu_ns / 1e6);
    application_member("monitor_ms", (double)figures->monitor_ns / 1e6);
    application_member("reclaim_ms", (double)figures->reclaim_ns / 1e6);
    application_member("tried", (double)figures->tried);
    application_member("reclaimed", (double)figures->reclaimed);
}

int main(int argc, char **argv)
{
    struct utsname name;

    for (size_t i = 0; argc == 3 && i < sizeof(applications) / sizeof(*applications); i++) {
        if (strcmp(argv[1], applications[i].name) != 0)
            continue;
        uname(&name);
        applications[i].run(argv[2]);
        printf("{\"application\": \"%s\", \"way\": \"%s\", \"kernel\": \"%s\"%s}\n", argv[1], argv[2], name.release,
               line);
        return guest_result();
    }
    printf("usage: applications compiler|redis WAY\n");
    return 2;
}
