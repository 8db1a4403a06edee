/* SPDX-License-Identifier: MIT */
#include "sys/kpageflags.h"

int drcl_kpageflags_open(struct drcl_frame_file *file, struct drcl_env *env)
{
    *file = (struct drcl_frame_file){.fd = -1, .path = "/proc/kpageflags", .beyond = DRCL_KPF_NOPAGE};
    return drcl_frame_file_open(file, env, "CONFIG_PROC_PAGE_MONITOR=y");
}

int drcl_kpageflags_get(struct drcl_frame_file *file, struct drcl_frame *frames, size_t n)
{
    uint64_t words[DRCL_FRAME_FILE_SPAN];

    for (size_t run; n > 0; frames += run, n -= run) {
        uint64_t first = frames[0].pfn;
        int r = drcl_frame_file_read_run(file, frames, n, words, &run);

        if (r < 0)
            return r;
        for (size_t i = 0; i < run; i++)
            frames[i].flags =
                (frames[i].flags & DRCL_FRAME_IDLE) | ((uint32_t)words[frames[i].pfn - first] & ~DRCL_FRAME_IDLE);
    }
    return 0;
}
