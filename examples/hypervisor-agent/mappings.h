/* SPDX-License-Identifier: MIT */
/* /proc/PID/maps as a list. */
#ifndef HOST_MAPPINGS_H
#define HOST_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host_mapping {
    uint64_t start;
    uint64_t end;
    uint64_t offset;
    uint64_t inode;
    bool readable;
    bool writable;
    bool executable;
    bool shared;
    const char *path; /* points into the text; "" if there is none */
};

/* Parses @text. It ends each line with a NUL, so @text must stay valid as long as the list, which the caller frees.
 * Returns 0, -EINVAL (malformed line) or -ENOMEM. */
int host_parse_mappings(char *text, struct host_mapping **ret_list, size_t *ret_n);

#endif
