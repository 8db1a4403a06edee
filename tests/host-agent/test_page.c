/* SPDX-License-Identifier: MIT */
/* The daemon's page of metrics, with machines in all states: one that Prometheus reads. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hypervisor.h"

#define MOST_LINES 2048

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Of no series there are two samples, for which Prometheus drops the whole page. */
static void ck_no_duplicates(void)
{
    FILE *file = fopen(textfile, "re");
    char line[1024], *lines[MOST_LINES];
    size_t n = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file)) {
        ck_assert_uint_lt(n, MOST_LINES);
        ck_assert_ptr_nonnull(strrchr(line, ' '));
        if (*line != '#')
            *strrchr(line, ' ') = '\0'; /* the value */
        lines[n] = strdup(line);
        ck_assert_ptr_nonnull(lines[n++]);
    }
    fclose(file);
    ck_assert_uint_gt(n, 10);
    qsort(lines, n, sizeof(*lines), by_text);
    for (size_t i = 1; i < n; i++)
        ck_assert_str_ne(lines[i - 1], lines[i]);
    while (n)
        free(lines[--n]);
}

static void ck_page(void)
{
    char command[256];

    ck_no_duplicates();
    if (system("command -v promtool > /dev/null") != 0) {
        printf("# Debian's package prometheus is not installed: the page is not shown to promtool\n");
        return;
    }
    snprintf(command, sizeof(command), "promtool check metrics < %s", textfile);
    ck_assert_int_eq(system(command), 0);
}

enum { WATCHED, ODD, TWIN, EXCLUDED, EMPTY, UNREADABLE, HUGETLB, PAUSED_ONE, NR_MACHINES };

/* Machines in all states. One cannot be watched because what /proc says of it makes no sense. */
static void start_all(pid_t pids[NR_MACHINES])
{
    char path[64];

    pids[WATCHED] = machine("a");
    pids[ODD] = machine("a\xff\"\\\n{x} \"1");
    pids[TWIN] = machine("a");
    pids[EXCLUDED] = machine("excluded");
    pids[EMPTY] = machine("empty");
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pids[EMPTY]);
    tree_write(&tree, path, "%s", "");
    pids[UNREADABLE] = machine("unreadable");
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pids[UNREADABLE]);
    tree_write(&tree, path, "nonsense\n");
    pids[HUGETLB] = hugetlb_machine("hugetlb");
    pids[PAUSED_ONE] = machine("paused");
}

static void with_all(const char *more)
{
    pid_t pids[NR_MACHINES];
    char text[256];

    start_all(pids);
    snprintf(text, sizeof(text), "%s[vm excluded]\nexclude = Y\n", more);
    begin(text);
    metric_reaches(METRIC("vm_cold_bytes", "a"), 4096);
    metric_reaches(METRIC("vm_cold_bytes", "paused"), 4096);
    vm_becomes("excluded", pids[EXCLUDED], "excluded");
    vm_becomes("empty", pids[EMPTY], "no_memory");
    vm_becomes("unreadable", pids[UNREADABLE], "failed");
    vm_becomes("hugetlb", pids[HUGETLB], "hugetlb");
    vm_becomes("a_\\\"\\\\_{x} \\\"1", pids[ODD], "watched");
    usage_is_read("paused", pids[PAUSED_ONE]);
    set_stat(pids[PAUSED_ONE], 100000);
    metric_becomes(PAUSED("paused", "refaults"), 1);
    ck_page();
    for (size_t i = 0; i < NR_MACHINES; i++)
        stand_in_stop(pids[i]);
}

static const char *const contexts[] = {"", "[agent]\nbackend = damon\n", "[agent]\ndry_run = Y\n"};

FIXTURE(setup, teardown);

/* With a context for each machine, with one for all, and when nothing is reclaimed. */
TEST_CASES(test_all_states, 3)
{
    with_all(contexts[_i]);
}

TEST(test_without_machines)
{
    begin("");
    metric_becomes("damon_reclaim_host_tried_bytes_total", 0);
    ck_page();
}

/* What a context for all has, and no machine of its own, is there once. */
TEST(test_sums_of_all)
{
    pid_t a = machine("a"), b = machine("b");

    begin("[agent]\nbackend = damon\n");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    metric_is("damon_reclaim_state{state=\"active\"}", 1);
    metric_is("damon_reclaim_monitored_bytes ", 128 * (double)MIB);
    metric_is_missing("damon_reclaim_reclaimed_bytes_total ");
    stand_in_stop(a);
    stand_in_stop(b);
}

/* One whose context cannot be enabled, or fails later, is there to raise an alarm. */
TEST(test_not_enabled)
{
    pid_t a = machine("a");

    tree_write(&tree, "/obstacle", "%s", "");
    begin("");
    vm_becomes("a", a, "failed");
    stand_in_stop(a);
}

TEST_CASES(test_fails_later, 2)
{
    pid_t a = machine("a"), b = machine("b");

    begin(contexts[_i]);
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    metric_reaches(METRIC("reclaimed_bytes_total", "b"), 1);
    tree_write(&tree, "/obstacle", "%s", "");
    vm_becomes("a", a, "failed");
    vm_becomes("b", b, "failed");
    metric_is_missing(METRIC("vm_share_bytes", "a"));
    ck_page();
    stand_in_stop(a);
    stand_in_stop(b);
}
