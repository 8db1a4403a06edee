/* SPDX-License-Identifier: MIT */
#include "sys/kpagecgroup.h"

int drcl_kpagecgroup_open(struct drcl_frame_file *file, struct drcl_env *env)
{
    *file = (struct drcl_frame_file){.fd = -1, .path = "/proc/kpagecgroup"};
    return drcl_frame_file_open(file, env, "CONFIG_PROC_PAGE_MONITOR=y and CONFIG_MEMCG=y");
}

int drcl_kpagecgroup_get(struct drcl_frame_file *file, const struct drcl_frame *frames, size_t n, uint64_t *inodes)
{
    uint64_t words[DRCL_FRAME_FILE_SPAN];

    for (size_t run; n > 0; frames += run, n -= run) {
        uint64_t first = frames[0].pfn;
        int r = drcl_frame_file_read_run(file, frames, n, words, &run);

        if (r < 0)
            return r;
        for (size_t i = 0; i < run; i++)
            inodes[frames[i].index] = words[frames[i].pfn - first];
    }
    return 0;
}
