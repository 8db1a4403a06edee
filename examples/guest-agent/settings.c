/* SPDX-License-Identifier: MIT */
/* The options that only this daemon has. */
#include <errno.h>

#include "channel.h"
#include "guest.h"

static int check_directory(const char *value, struct error_text *error)
{
    return !*value || *value == '/' ? 0 : error_set(error, -EINVAL, "\"%s\" does not begin with a slash", value);
}

const struct config_option guest_options[] = {
    {"agent", "parameters_directory", CONFIG_TEXT, "/run/damon_reclaim/parameters", "DIR",
     "mount the files of the module's parameters there; empty: do not mount them", .flags = CONFIG_FIXED,
     .check = check_directory},
    {"agent", "largest_ram", CONFIG_BOOL, "N", NULL,
     "watch only the largest range of physical memory, as the module does", .flags = CONFIG_FIXED},

    {"compaction", "after", CONFIG_BYTES, "0", NULL,
     "ask the kernel to compact memory when this much more was reclaimed and as much is free in blocks that are too "
     "small for free page reporting; 0: never"},
    {"compaction", "interval", CONFIG_TIME, "60s", NULL, "least time between two such requests",
     .min = UINT64_C(1000000000)},

    {"report", "to", CONFIG_TEXT, "", "WHERE",
     "send lines of JSON to the host: the path of a virtio-serial port, vsock:CID:PORT or unix:PATH",
     .check = channel_check, .flags = CONFIG_FIXED},
    {"report", "interval", CONFIG_TIME, "10s", NULL, "time between two lines of statistics",
     .min = UINT64_C(100000000)},
    {0},
};

const struct config_default guest_defaults[] = {
    {"enabled", "Y"},
    {NULL, NULL},
};
