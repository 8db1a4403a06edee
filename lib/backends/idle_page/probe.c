/* SPDX-License-Identifier: MIT */
#include "backends/idle_page/probe.h"

#include <errno.h>

#include "base/findings.h"
#include "pages/advise.h"
#include "pages/files.h"
#include "pages/ram.h"
#include "sys/shortage.h"

/* Reads a word of the bitmap, which being allowed to open it does not promise to work. */
static int read_bitmap(struct drcl_page_files *files)
{
    struct drcl_frame frame = {.pfn = 0};

    return drcl_page_idle_get(&files->idle, &frame, 1);
}

/* Gives advice on no process and no range: the kernel can only complain about the pidfd, or know no such call. */
static int try_advice(struct drcl_env *env)
{
    struct damon_reclaim_range none = {0};
    ssize_t r = drcl_process_madvise(env, -1, &none, 0, DRCL_MADV_PAGEOUT);

    return r == -ENOSYS ? drcl_advise_error(env, 0, (int)r) : 0;
}

/* Adds what is missing to watch physical memory, and for cgroups in filters and exclusions. */
static void describe_frames(struct drcl_page_files *files, struct drcl_env *env, struct drcl_findings *f)
{
    struct drcl_ram ram = {.largest = false};

    if (drcl_ram_refresh(&ram, env) < 0)
        drcl_findings_missing(f, "physical memory", "%s", env->error);
    if (drcl_page_files_need_kpagecgroup(files) < 0) {
        drcl_findings_missing(f, "filter:memcg", "%s", env->error);
        drcl_findings_missing(f, "exclude:cgroup", "%s", env->error);
    }
    drcl_ram_free(&ram, env);
}

int drcl_idle_probe(struct drcl_env *env, const struct damon_reclaim_config *config, char *text, size_t size)
{
    struct drcl_findings f = {text, size, 0};
    struct drcl_page_files files;
    int r;

    (void)config;
    if (text && size)
        text[0] = '\0';
    r = drcl_page_files_open(&files, env, DRCL_BITMAP_READ_ONLY);
    if (r == 0)
        r = read_bitmap(&files);
    if (r == 0)
        r = try_advice(env);
    drcl_findings_add(&f, "%s\n", r < 0 ? env->error : "bitmap, pagemap, kpageflags and process_madvise are there");
    if (r == 0)
        describe_frames(&files, env, &f);
    drcl_shortage_find(env, &f);
    drcl_page_files_close(&files);
    return r;
}
