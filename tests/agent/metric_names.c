/* SPDX-License-Identifier: MIT */
/* Prints the names of all metrics; with --page, a page with a sample of each. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/metrics.h"

static int print_page(void)
{
    struct metrics *metrics;
    size_t len;
    char *text;

    if (metrics_new(&metrics) < 0)
        return 1;
    for (int id = 0; id < NR_METRICS; id++)
        metrics_uint(metrics, (enum metric_id)id, NULL, 0, 1);
    if (metrics_text(metrics, METRICS_PROMETHEUS, &text, &len) < 0)
        return 1;
    fputs(text, stdout);
    free(text);
    metrics_free(metrics);
    return fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return print_page();
    for (int id = 0; id < NR_METRICS; id++) {
        char name[128];

        metric_name((enum metric_id)id, name, sizeof(name));
        puts(name);
    }
    return fflush(stdout) != 0;
}
