/* SPDX-License-Identifier: MIT */
/* probe(): whether the backend would work here. Opens for reading and reads, nothing else. */
#include "backends/idle_page/idle_page.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>

#include "base/findings.h"
#include "pages/advise.h"
#include "sys/shortage.h"

/* A word of the bitmap, which being allowed to open it does not promise. */
static int bitmap_readable(struct drcl_idle_page *b)
{
    struct drcl_frame frame = {.pfn = 0};

    return drcl_page_idle_get(&b->idle, &frame, 1);
}

/* On no process and no range: the kernel can only complain about the pidfd, or know no such call. */
static int can_advise(struct drcl_env *env)
{
    struct iovec none = {0};
    ssize_t r = drcl_process_madvise(env, -1, &none, 0, DRCL_MADV_PAGEOUT);

    return r == -ENOSYS ? drcl_advise_error(env, 0, (int)r) : 0;
}

/* What is needed beyond that to watch physical memory, and for cgroups in filters and exclusions. */
static void describe_frames(struct drcl_idle_page *b, struct drcl_findings *f)
{
    struct drcl_env *env = b->env;

    if (drcl_ram_refresh(&b->ram, env) < 0)
        drcl_findings_missing(f, "physical memory", "%s", env->error);
    if (drcl_idle_need_kpagecgroup(b) < 0) {
        drcl_findings_missing(f, "filter:memcg", "%s", env->error);
        drcl_findings_missing(f, "exclude:cgroup", "%s", env->error);
    }
    drcl_ram_free(&b->ram, env);
    drcl_kpagecgroup_close(&b->kpagecgroup);
}

int drcl_idle_probe(struct drcl_env *env, const struct damon_reclaim_config *config, char *text, size_t size)
{
    struct drcl_findings f = {text, size, 0};
    struct drcl_idle_page *b = drcl_zalloc(env, sizeof(*b));
    int r;

    (void)config;
    if (!b)
        return drcl_error(env, -ENOMEM, "out of memory");
    if (text && size)
        text[0] = '\0';
    r = drcl_idle_open(b, env, O_RDONLY);
    if (r == 0)
        r = bitmap_readable(b);
    if (r == 0)
        r = can_advise(env);
    drcl_findings_add(&f, "%s\n", r < 0 ? env->error : "bitmap, pagemap, kpageflags and process_madvise are there");
    if (r == 0)
        describe_frames(b, &f);
    drcl_shortage_find(env, &f);
    drcl_page_idle_close(&b->idle);
    drcl_kpageflags_close(&b->kpageflags);
    drcl_free(env, b);
    return r;
}
