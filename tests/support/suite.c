/* SPDX-License-Identifier: MIT */
#include "suite.h"

#include <fcntl.h>
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

#include <stdlib.h>

int run_suite(const char *name, double timeout_s, void (*fill)(TCase *tc))
{
    Suite *suite = suite_create(name);
    TCase *tc = tcase_create(name);
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, timeout_s);
    fill(tc);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
