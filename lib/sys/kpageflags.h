/* SPDX-License-Identifier: MIT */
/* /proc/kpageflags: what kind of page is in a frame (Documentation/admin-guide/mm/pagemap.rst of the kernel). */
#ifndef DRCL_SYS_KPAGEFLAGS_H
#define DRCL_SYS_KPAGEFLAGS_H

#include "sys/frame_file.h"

#define DRCL_KPF_DIRTY         (UINT32_C(1) << 4)
#define DRCL_KPF_LRU           (UINT32_C(1) << 5)
#define DRCL_KPF_ACTIVE        (UINT32_C(1) << 6)
#define DRCL_KPF_WRITEBACK     (UINT32_C(1) << 8)
#define DRCL_KPF_BUDDY         (UINT32_C(1) << 10) /* free */
#define DRCL_KPF_MMAP          (UINT32_C(1) << 11) /* mapped by a process */
#define DRCL_KPF_ANON          (UINT32_C(1) << 12)
#define DRCL_KPF_SWAPCACHE     (UINT32_C(1) << 13)
#define DRCL_KPF_SWAPBACKED    (UINT32_C(1) << 14)
#define DRCL_KPF_COMPOUND_HEAD (UINT32_C(1) << 15)
#define DRCL_KPF_COMPOUND_TAIL (UINT32_C(1) << 16)
#define DRCL_KPF_HUGE          (UINT32_C(1) << 17) /* hugetlb */
#define DRCL_KPF_UNEVICTABLE   (UINT32_C(1) << 18)
#define DRCL_KPF_NOPAGE        (UINT32_C(1) << 20)
#define DRCL_KPF_THP           (UINT32_C(1) << 22)
#define DRCL_KPF_ZERO_PAGE     (UINT32_C(1) << 24)

#define DRCL_KPF_FREE (DRCL_KPF_BUDDY | DRCL_KPF_NOPAGE) /* no memory of anybody */

/* Opens the file. Errors name it and the privilege. */
int drcl_kpageflags_open(struct drcl_frame_file *file, struct drcl_env *env);

/* Puts the flags into the sorted frames. Frames beyond the end of memory get DRCL_KPF_NOPAGE. */
int drcl_kpageflags_get(struct drcl_frame_file *file, struct drcl_frame *frames, size_t n);

#endif
