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

/* A test. It adds itself to the program's suite; tests run in the order of the file. */
#define TEST(name) TEST_CASES(name, 1)
/* A test that runs @n times. In it, _i is the number of the case, from 0 on. */
#define TEST_CASES(name, n)                                                                                            \
    static void name(int _i);                                                                                          \
    ADD_TEST(name, name, n)                                                                                            \
    static void name(int _i __attribute__((unused)))
/* A test whose body is between @before(_i) and @after(). */
#define TEST_BETWEEN(name, n, before, after)                                                                           \
    static void name(int _i);                                                                                          \
    static void name##_between(int _i)                                                                                 \
    {                                                                                                                  \
        before(_i);                                                                                                    \
        name(_i);                                                                                                      \
        after();                                                                                                       \
    }                                                                                                                  \
    ADD_TEST(name, name##_between, n)                                                                                  \
    static void name(int _i __attribute__((unused)))
/* What is done before and after each test of the program; either may be NULL. */
#define FIXTURE(before, after)                                                                                         \
    __attribute__((constructor)) static void add_fixture(void)                                                         \
    {                                                                                                                  \
        suite_fixture(before, after);                                                                                  \
    }                                                                                                                  \
    extern const char *suite_argument

extern const char *suite_argument; /* of the program, or NULL */

/* For the macros. */
#define ADD_TEST(name, function, n)                                                                                    \
    static const TTest name##_test = {#name, function, __FILE__, __LINE__};                                            \
    __attribute__((constructor)) static void name##_add(void)                                                          \
    {                                                                                                                  \
        suite_add(&name##_test, (int)(n));                                                                             \
    }
void suite_add(const TTest *test, int n);
void suite_fixture(void (*before)(void), void (*after)(void));

#endif
