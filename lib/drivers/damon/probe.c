/* SPDX-License-Identifier: MIT */
/* probe(): whether the backend would work here, and who has DAMON if it would not. Reads only. */

#include "drivers/damon/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "drivers/damon/config.h"
#include "drivers/damon/holder.h"
#include "drivers/damon/sysfs.h"
#include "base/findings.h"
#include "sys/shortage.h"
#include "sys/iomem.h"

static int may_write(struct drcl_env *env)
{
    int fd = drcl_open(env, O_WRONLY, DRCL_DAMON_DIR "/nr_kdamonds");

    if (fd == -EACCES || fd == -EPERM || fd == -EROFS)
        return drcl_error(env, -EPERM, DRCL_DAMON_DIR "/nr_kdamonds cannot be written: %s; run as root", strerror(-fd));
    drcl_close(env, fd);
    return 0;
}

/* What only a later kernel has. Directories of somebody else tell it, and are only read; there may be none. */
static void add_features(struct drcl_findings *f, struct drcl_env *env)
{
    static const struct {
        const char *parent, *file, *feature, *without;
    } features[] = {
        {"0/contexts", "0/refresh_ms", "refresh_ms", "the library asks for the counters once a second"},
        {"0/contexts/0", DRCL_DAMON_CONTEXT "/monitoring_attrs/intervals/intervals_goal/access_bp", "intervals_goal",
         "the library tunes the intervals"},
        {"0/contexts/0/schemes/0", DRCL_DAMON_CONTEXT "/schemes/0/watermarks/metric", "watermarks",
         "the library stops the thread and starts it again"},
        {"0/contexts/0/schemes/0", DRCL_DAMON_CONTEXT "/schemes/0/quotas/goals/nr_goals", "goals",
         "the library follows them with quotas/bytes"},
        {"0/contexts/0/schemes/0", DRCL_DAMON_CONTEXT "/schemes/0/quotas/goal_tuner", "goal_tuner",
         "the tuner temporal is refused"},
        {"0/contexts/0/schemes/0", DRCL_DAMON_CONTEXT "/schemes/0/quotas/fail_charge_num", "fail_charge_num",
         "charging a share for failures is refused"},
        {"0/contexts/0/schemes/0", DRCL_DAMON_CONTEXT "/schemes/0/ops_filters/nr_filters", "ops_filters",
         "a filter that allows must be the last one; active, hugepage_size and unmapped may be refused"},
    };
    bool known = false;

    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        if (!drcl_damon_exists(env, "%s", features[i].parent))
            continue;
        known = true;
        if (!drcl_damon_exists(env, "%s", features[i].file))
            drcl_findings_missing(f, features[i].feature, "%s", features[i].without);
    }
    if (!known)
        drcl_findings_add(f, "operations, goals, filters and interval tuning are known once it is enabled\n");
}

/* Making one and giving it back changes nothing. */
static void add_writer(struct drcl_findings *f, struct drcl_env *env)
{
    void *writer;
    int r = drcl_writer_new(env, &writer);

    if (r < 0)
        drcl_findings_missing(f, "io_uring", "%s; dispatching waits for the kernel's thread", strerror(-r));
    else
        drcl_writer_free(env, writer);
}

int drcl_damon_probe(struct drcl_env *env, const struct damon_reclaim_config *config, char *text, size_t size)
{
    struct damon_reclaim_damon_config damon;
    struct drcl_findings f = {text, size, 0};
    size_t n = 0;
    int r;

    if (text && size)
        text[0] = '\0';
    r = drcl_damon_take_config(env, config->damon, &damon);
    if (r == 0)
        r = drcl_damon_check_takeable(env, damon.flags & DAMON_RECLAIM_DAMON_TAKE_OVER);
    if (r == 0)
        r = may_write(env);
    drcl_findings_add(&f, "%s\n", r < 0 ? env->error : "DAMON's files are there, and nobody uses it");
    if (r == -ENOENT)
        return r;
    if (drcl_iomem_ranges(env, NULL, 0, &n) < 0)
        drcl_findings_missing(&f, "physical memory", "%s", env->error);
    else
        drcl_findings_add(&f, "physical memory: %zu range(s) of System RAM\n", n);
    add_features(&f, env);
    add_writer(&f, env);
    drcl_shortage_find(env, &f);
    return r;
}
