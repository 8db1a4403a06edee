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
    const char *path; /* into the text; "" for none */
};

/* Reads @text, which is changed (each line gets a NUL) and must stay as long as the list, which the caller frees. 0,
 * -EINVAL (a line that makes no sense) or -ENOMEM. */
int host_parse_mappings(char *text, struct host_mapping **ret_list, size_t *ret_n);

#endif
