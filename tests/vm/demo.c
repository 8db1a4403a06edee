/* SPDX-License-Identifier: MIT */
/* What scripts/demo shows: a process in the guest, and /bin/damon-reclaim at work on it with the arguments given
 * here. */
#include "guest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ARGS 32

static pid_t reclaim(int argc, char **argv, pid_t pid)
{
    const char *args[MAX_ARGS + 8] = {"damon-reclaim", "run", "--backend", "idle-page", "--pid"};
    char text[16];
    pid_t child = fork();

    if (child)
        return child;
    snprintf(text, sizeof(text), "%d", (int)pid);
    args[5] = text;
    for (int i = 1; i < argc && i < MAX_ARGS; i++)
        args[5 + i] = argv[i];
    if (!freopen("/tmp/summary", "w", stdout) || dup2(fileno(stdout), STDERR_FILENO) < 0)
        _exit(126);
    execv("/bin/damon-reclaim", (char *const *)(uintptr_t)args); /* which changes none of them */
    _exit(127);
}

static void print_summary(void)
{
    FILE *f = fopen("/tmp/summary", "r");
    char line[512];

    while (f && fgets(line, sizeof(line), f))
        printf("  %s", line);
    if (f)
        fclose(f);
}

int main(int argc, char **argv)
{
    struct guest_workload w = {.total = 300 * MIB, .hot_at = 100 * MIB, .hot = 30 * MIB};
    uint64_t begin, in;
    int status = 0;
    pid_t child;

    setvbuf(stdout, NULL, _IOLBF, 0);
    guest_flush_tlbs();
    guest_start(&w);
    printf("Process %d has filled 300 MiB once and goes on using 30 MiB of it. damon-reclaim is started on it.\n\n",
           (int)w.pid);
    printf("  second   the used 30 MiB        the unused 270 MiB     read back from swap\n");
    in = guest_vmstat("pswpin");
    begin = guest_now_ns();
    child = reclaim(argc, argv, w.pid);
    for (pid_t done = 0; !done; guest_sleep_ms(2000)) {
        uint64_t hot = guest_resident(w.pid, w.addr + w.hot_at, w.hot);
        uint64_t cold = guest_resident(w.pid, w.addr, w.total) - hot;

        done = waitpid(child, &status, WNOHANG);
        printf("  %6.0f   %8llu MiB in memory %8llu MiB in memory %12llu pages\n",
               (double)(guest_now_ns() - begin) / 1e9, (unsigned long long)(hot / MIB),
               (unsigned long long)(cold / MIB), (unsigned long long)(guest_vmstat("pswpin") - in));
    }
    printf("\ndamon-reclaim's own account:\n");
    print_summary();
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        printf("\ndamon-reclaim failed.\n");
    else if (!guest_intact(&w))
        printf("\nThe memory is damaged.\n");
    else
        printf("\nAll 300 MiB still hold what was written.\n");
    status = !WIFEXITED(status) || WEXITSTATUS(status) || !guest_intact(&w);
    guest_stop(&w);
    return status;
}
