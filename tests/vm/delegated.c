/* SPDX-License-Identifier: MIT */
/* examples/delegated-io at work: the library runs as nobody, the broker opens and advises, and the process shrinks to
 * what it uses. */
#include "guest.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs the example on the process; its last line is put into @line. */
static int run_example(pid_t pid, char *line, size_t size)
{
    char command[64];
    FILE *f;

    snprintf(command, sizeof(command), "/bin/delegated-io %d 20", (int)pid);
    f = popen(command, "r");
    if (!f)
        return -1;
    while (fgets(line, (int)size, f))
        printf("   %s", line);
    return pclose(f);
}

int main(void)
{
    struct guest_workload w = {.total = 64 * MIB, .hot_at = 16 * MIB, .hot = 8 * MIB, .memory = GUEST_NO_HUGE};
    uint64_t hot, cold;
    char line[256] = "";

    guest_flush_tlbs();
    guest_start(&w);
    GUEST_CHECK(run_example(w.pid, line, sizeof(line)) == 0);
    hot = guest_resident(w.pid, w.addr + w.hot_at, w.hot);
    cold = guest_resident(w.pid, w.addr, w.total) - hot;
    printf("   left %llu KiB cold, %llu KiB hot\n", (unsigned long long)cold / 1024, (unsigned long long)hot / 1024);
    GUEST_CHECK(strncmp(line, "user 65534: ", strlen("user 65534: ")) == 0);
    GUEST_TIMELY(cold < (w.total - w.hot) / 10);
    GUEST_TIMELY(hot >= w.hot / 10 * 9);
    GUEST_CHECK(guest_intact(&w));
    guest_stop(&w);
    return guest_result();
}
