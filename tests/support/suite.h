/* SPDX-License-Identifier: MIT */
/* How the tests run, and what libcheck lacks for loops. */
#ifndef DRCL_TEST_SUITE_H
#define DRCL_TEST_SUITE_H

#include <check.h>

/* ck_assert() for loops: libcheck notes each assertion in a file, which costs more than what is tested. */
#define expect(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg("%s", #condition);                                                                            \
    } while (0)
#define expect_eq(a, b)                                                                                                \
    do {                                                                                                               \
        long long expect_a = (long long)(a), expect_b = (long long)(b);                                                \
        if (expect_a != expect_b)                                                                                      \
            ck_abort_msg("%s == %s: %lld, %lld", #a, #b, expect_a, expect_b);                                          \
    } while (0)
/* Both bounds are allowed. */
#define expect_between(value, low, high)                                                                               \
    do {                                                                                                               \
        unsigned long long expect_v = (value), expect_low = (low), expect_high = (high);                               \
        if (expect_v < expect_low || expect_v > expect_high)                                                           \
            ck_abort_msg("%s: %llu is not in [%llu, %llu]", #value, expect_v, expect_low, expect_high);                \
    } while (0)

#define NUMBER_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The process may open @more files beyond those that it has; and as many as before. */
void limit_files(unsigned int more);
void unlimit_files(void);

/* Runs a suite of one test case made by @fill, in TAP. Returns the exit status for main(). */
int run_suite(const char *name, double timeout_s, void (*fill)(TCase *tc));

#endif
