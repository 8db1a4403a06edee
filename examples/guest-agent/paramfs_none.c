/* SPDX-License-Identifier: MIT */
/* A build without libfuse. */
#include "paramfs.h"

#include <errno.h>

int paramfs_open(struct loop *loop, const char *directory, const struct paramfs_calls *calls, void *userdata,
                 struct paramfs **ret, struct error_text *error)
{
    (void)loop, (void)calls, (void)userdata, (void)ret;
    return error_set(error, -EOPNOTSUPP, "%s: this build cannot mount parameters (it lacks libfuse3)", directory);
}

void paramfs_close(struct paramfs *paramfs)
{
    (void)paramfs;
}
