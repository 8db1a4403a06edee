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

enum { WATCHED, ODD, TWIN, EXCLUDED, EMPTY, UNREADABLE, HUGETLB, PAUSED, NR_MACHINES };

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
    pids[PAUSED] = machine("paused");
}

static void with_all(const char *more)
{
    pid_t pids[NR_MACHINES];
    char text[256];

    start_all(pids);
    snprintf(text, sizeof(text), "%s[vm excluded]\nexclude = Y\n", more);
    begin(text);
    ck_assert(daemon_wait(textfile, METRIC("vm_cold_bytes", "a"), 4096, true));
    ck_assert(daemon_wait(textfile, METRIC("vm_cold_bytes", "paused"), 4096, true));
    ck_assert(vm_state("excluded", pids[EXCLUDED], "excluded"));
    ck_assert(vm_state("empty", pids[EMPTY], "no_memory"));
    ck_assert(vm_state("unreadable", pids[UNREADABLE], "failed"));
    ck_assert(vm_state("hugetlb", pids[HUGETLB], "hugetlb"));
    ck_assert(vm_state("a_\\\"\\\\_{x} \\\"1", pids[ODD], "watched"));
    sleep(2);
    set_stat(pids[PAUSED], 100000);
    ck_assert(daemon_wait(textfile, METRIC("vm_paused", "paused") ",reason=\"refaults\"}", 1, false));
    ck_page();
    for (size_t i = 0; i < NR_MACHINES; i++)
        stand_in_stop(pids[i]);
}

START_TEST(test_context_of_each)
{
    with_all("");
}
END_TEST

START_TEST(test_context_of_all)
{
    with_all("[agent]\nbackend = damon\n");
}
END_TEST

START_TEST(test_dry_run)
{
    with_all("[agent]\ndry_run = Y\n");
}
END_TEST

START_TEST(test_without_machines)
{
    begin("");
    ck_assert(daemon_wait(textfile, "damon_reclaim_host_tried_bytes_total", 0, false));
    ck_page();
}
END_TEST

/* What a context for all has, and no machine of its own, is there once. */
START_TEST(test_sums_of_all)
{
    pid_t a = machine("a"), b = machine("b");

    begin("[agent]\nbackend = damon\n");
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "a"), 1, true));
    ck_assert(metric("damon_reclaim_state{state=\"active\"}") == 1);
    ck_assert(metric("damon_reclaim_monitored_bytes ") == 128 * (double)MIB);
    ck_assert(metric("damon_reclaim_reclaimed_bytes_total ") < 0);
    stand_in_stop(a);
    stand_in_stop(b);
}
END_TEST

/* One whose context cannot be enabled, or fails later, is there to raise an alarm. */
START_TEST(test_not_enabled)
{
    pid_t a = machine("a");

    tree_write(&tree, "/obstacle", "%s", "");
    begin("");
    ck_assert(vm_state("a", a, "failed"));
    stand_in_stop(a);
}
END_TEST

static void fails_later(const char *more)
{
    pid_t a = machine("a"), b = machine("b");

    begin(more);
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "a"), 1, true));
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "b"), 1, true));
    tree_write(&tree, "/obstacle", "%s", "");
    ck_assert(vm_state("a", a, "failed"));
    ck_assert(vm_state("b", b, "failed"));
    ck_assert(metric(METRIC("vm_share_bytes", "a")) < 0);
    ck_page();
    stand_in_stop(a);
    stand_in_stop(b);
}

START_TEST(test_fails)
{
    fails_later("");
}
END_TEST

START_TEST(test_fails_for_all)
{
    fails_later("[agent]\nbackend = damon\n");
}
END_TEST

static void fill(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_context_of_each);
    tcase_add_test(tcase, test_context_of_all);
    tcase_add_test(tcase, test_dry_run);
    tcase_add_test(tcase, test_without_machines);
    tcase_add_test(tcase, test_sums_of_all);
    tcase_add_test(tcase, test_not_enabled);
    tcase_add_test(tcase, test_fails);
    tcase_add_test(tcase, test_fails_for_all);
}

int main(void)
{
    return run_suite("page", 60, fill);
}
