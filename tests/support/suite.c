/* SPDX-License-Identifier: MIT */
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct rlimit files_before;

void limit_files(unsigned int more)
{
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct rlimit limit;

    ck_assert_int_ge(next, 0);
    close(next);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files_before), 0);
    limit = files_before;
    limit.rlim_cur = (rlim_t)next + more;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

void unlimit_files(void)
{
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files_before), 0);
}

#define MOST_TESTS 100

static struct {
    const TTest *test;
    int n;
} tests[MOST_TESTS];
static size_t nr_tests;
static void (*before_each)(void), (*after_each)(void);

const char *suite_argument;

/* Constructors run in any order; the tests stay sorted by their lines. */
void suite_add(const TTest *test, int n)
{
    size_t at = nr_tests++;

    if (nr_tests > MOST_TESTS) {
        fputs("more tests than MOST_TESTS\n", stderr);
        exit(99);
    }
    for (; at > 0 && tests[at - 1].test->line > test->line; at--)
        tests[at] = tests[at - 1];
    tests[at].test = test;
    tests[at].n = n;
}

void suite_fixture(void (*before)(void), void (*after)(void))
{
    before_each = before;
    after_each = after;
}

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    Suite *suite = suite_create(name);
    TCase *tc = tcase_create(name);
    SRunner *runner;
    int failed;

    suite_argument = argc > 1 ? argv[1] : NULL;
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, before_each, after_each);
    for (size_t i = 0; i < nr_tests; i++)
        tcase_add_loop_test(tc, tests[i].test, 0, tests[i].n);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed || nr_tests == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
