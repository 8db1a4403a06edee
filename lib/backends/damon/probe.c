/* SPDX-License-Identifier: MIT */
/* probe(): whether the backend would work here, and who has DAMON if it would not. Reads only. */
#include "backends/damon/damon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "backends/findings.h"
#include "sys/iomem.h"

static int may_write(struct drcl_env *env)
{
    int fd = drcl_open(env, O_WRONLY, DRCL_DAMON_DIR "/nr_kdamonds");

    if (fd == -EACCES || fd == -EPERM || fd == -EROFS)
        return drcl_error(env, -EPERM, DRCL_DAMON_DIR "/nr_kdamonds cannot be written: %s; root is needed",
                          strerror(-fd));
    drcl_close(env, fd);
    return 0;
}

int drcl_damon_probe(struct drcl_env *env, char *text, size_t size)
{
    struct drcl_findings f = {text, size, 0};
    size_t n = 0;
    int r;

    if (text && size)
        text[0] = '\0';
    r = drcl_damon_holder(env, false);
    if (r == 0)
        r = may_write(env);
    drcl_findings_add(&f, "%s\n", r < 0 ? env->error : "DAMON's files are there, and nobody uses it");
    if (r == -ENOENT)
        return r;
    if (drcl_iomem_ranges(env, NULL, 0, &n) < 0)
        drcl_findings_missing(&f, "physical memory", "%s", env->error);
    else
        drcl_findings_add(&f, "physical memory: %zu range(s) of System RAM\n", n);
    if (drcl_damon_exists(env, "0/contexts")) {
        if (!drcl_damon_exists(env, "0/refresh_ms"))
            drcl_findings_missing(&f, "refresh_ms", "counters are asked for, which waits for the kernel's thread");
    } else {
        drcl_findings_add(&f, "operations, goals, filters and interval tuning are known once it is enabled\n");
    }
    drcl_findings_add_system(&f, env);
    return r;
}
