/* SPDX-License-Identifier: MIT */
/* What any user can put before the daemon: a process with a monitor's name and more words and mappings than a real one
 * ever has. What is tested is that the work grows with their number and not with its square, which would not end here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmdline.h"
#include "guest_ram.h"
#include "mappings.h"
#include "suite.h"

#define MANY 1000000

TEST(test_words)
{
    static const char name[] = "-name\0last";
    size_t len = 2 * MANY + sizeof(name);
    char *text = calloc(1, len), found[HOST_NAME_SIZE];
    struct host_cmdline cmdline = {.text = text, .len = len};
    struct host_told told;

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < MANY; i++)
        text[2 * i] = 'a';
    memcpy(text + 2 * MANY, name, sizeof(name));
    host_told_read(&cmdline, NULL, 0, &told);
    ck_assert_uint_eq(told.n, 0);
    ck_assert_int_eq(host_cmdline_name(&cmdline, found), true);
    ck_assert_str_eq(found, "last");
    free(text);
}

TEST(test_mappings)
{
    enum { N = 100000 };
    struct host_mapping *mappings = calloc(2 * N + 1, sizeof(*mappings));
    char(*paths)[24] = calloc(N, sizeof(*paths));
    struct host_told told = {.pieces = {{.size = 64 << 20, .kinds = HOST_RAM_ANY}}, .n = 1};
    struct host_ram ram;

    ck_assert_ptr_nonnull(mappings);
    ck_assert_ptr_nonnull(paths);
    for (size_t i = 0; i < N; i++) {
        uint64_t at = UINT64_C(0x100000000) + i * 0x10000;

        snprintf(paths[i], sizeof(paths[i]), "/usr/lib/%zu.so", i);
        mappings[2 * i] = (struct host_mapping){
            .start = at, .end = at + 0x1000, .path = paths[i], .readable = true, .executable = true, .inode = i + 1};
        mappings[2 * i + 1] = (struct host_mapping){.start = at + 0x1000,
                                                    .end = at + 0x2000,
                                                    .path = paths[N - 1 - i],
                                                    .readable = true,
                                                    .writable = true,
                                                    .inode = N - i};
    }
    mappings[2 * N] = (struct host_mapping){.start = UINT64_C(1) << 40,
                                            .end = (UINT64_C(1) << 40) + (64 << 20),
                                            .path = "",
                                            .readable = true,
                                            .writable = true};
    ck_assert_int_eq(host_guest_ram(mappings, 2 * N + 1, &told, &ram), 0);
    ck_assert_uint_eq(ram.n, 1);
    ck_assert_uint_eq(ram.ranges[0].start, UINT64_C(1) << 40);
    free(paths);
    free(mappings);
}
