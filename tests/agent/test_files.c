/* SPDX-License-Identifier: MIT */
/* Reading small files that somebody else may have made. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/files.h"
#include "scratch.h"
#include "suite.h"

TEST(test_text)
{
    const char *directory = scratch_directory();
    char *text;
    size_t len;

    ck_assert_int_eq(file_read(scratch_file(directory, "text", "4711\n"), &text, &len), 0);
    ck_assert_str_eq(text, "4711\n");
    ck_assert_uint_eq(len, 5);
    free(text);
}

/* Whoever may write to the directory must not make the daemon wait: nobody will ever write into the FIFO. */
TEST(test_not_regular)
{
    const char *directory = scratch_directory();
    char path[256], *text;

    snprintf(path, sizeof(path), "%s/fifo", directory);
    ck_assert_int_eq(mkfifo(path, 0666), 0);
    ck_assert_int_eq(file_read_regular(path, &text, NULL), -EINVAL);
    ck_assert_int_eq(file_read_regular("/dev/zero", &text, NULL), -EINVAL);
    ck_assert_int_eq(file_read_regular(directory, &text, NULL), -EINVAL);
    snprintf(path, sizeof(path), "%s/none", directory);
    ck_assert_int_eq(file_read_regular(path, &text, NULL), -ENOENT);
}
