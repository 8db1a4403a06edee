/* SPDX-License-Identifier: MIT */
#include "pages/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sys/pagemap.h"

int drcl_no_frame_numbers(struct drcl_env *env)
{
    return drcl_error(env, -EPERM, "pagemap shows zeros instead of frame numbers: CAP_SYS_ADMIN is needed");
}

/* Reads the frame number of a page that is certainly there, one of our own: a zero means that the kernel hides the
 * numbers. */
static int check_frame_numbers(struct drcl_env *env)
{
    uint64_t entry = 0, addr = (uintptr_t)&entry;
    int fd = drcl_open(env, O_RDONLY, "/proc/self/pagemap");
    ssize_t n;

    if (fd < 0)
        return drcl_error(env, fd, "/proc/self/pagemap cannot be opened: %s%s", strerror(-fd),
                          fd == -ENOENT ? "; boot a kernel with CONFIG_PROC_PAGE_MONITOR=y" : "");
    n = drcl_pread(env, fd, &entry, sizeof(entry), (addr >> DRCL_PAGE_SHIFT) * sizeof(entry));
    drcl_close(env, fd);
    if (n != (ssize_t)sizeof(entry))
        return drcl_error(env, n < 0 ? (int)n : -EIO, "/proc/self/pagemap cannot be read: %s",
                          strerror(n < 0 ? (int)-n : EIO));
    return entry & DRCL_PAGEMAP_PFN ? 0 : drcl_no_frame_numbers(env);
}

static int open_bitmap(struct drcl_page_files *files, enum drcl_bitmap_use use)
{
    if (use == DRCL_BITMAP_OPTIONAL && !drcl_page_idle_exists(files->env))
        return 0;
    return drcl_page_idle_open(&files->idle, files->env, use == DRCL_BITMAP_READ_ONLY ? O_RDONLY : O_RDWR);
}

int drcl_page_files_open(struct drcl_page_files *files, struct drcl_env *env, enum drcl_bitmap_use use)
{
    long page_size = sysconf(_SC_PAGESIZE);
    int r;

    files->env = env;
    files->idle = (struct drcl_page_idle){.env = env, .fd = -1};
    files->kpageflags.fd = files->kpagecgroup.fd = -1;
    if (page_size != (long)DRCL_PAGE_SIZE)
        return drcl_error(env, -EOPNOTSUPP, "pages of %ld bytes: the backend idle-page knows pages of 4096 bytes only",
                          page_size);
    r = open_bitmap(files, use);
    if (r == 0)
        r = drcl_kpageflags_open(&files->kpageflags, env);
    return r == 0 ? check_frame_numbers(env) : r;
}

void drcl_page_files_close(struct drcl_page_files *files)
{
    drcl_page_idle_close(&files->idle);
    drcl_frame_file_close(&files->kpageflags);
    drcl_frame_file_close(&files->kpagecgroup);
}

int drcl_page_files_need_kpagecgroup(struct drcl_page_files *files)
{
    return files->kpagecgroup.fd >= 0 ? 0 : drcl_kpagecgroup_open(&files->kpagecgroup, files->env);
}

int drcl_page_files_get_idle(struct drcl_page_files *files, struct drcl_frame *frames, size_t n)
{
    return files->idle.fd >= 0 ? drcl_page_idle_get(&files->idle, frames, n) : 0;
}
