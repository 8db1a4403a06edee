/* SPDX-License-Identifier: MIT */
/* Sizes of pages and of huge pages. */
#ifndef DRCL_SYS_PAGE_H
#define DRCL_SYS_PAGE_H

#include <stdint.h>

#define DRCL_PAGE_SHIFT 12
#define DRCL_PAGE_SIZE  (UINT64_C(1) << DRCL_PAGE_SHIFT)

#define DRCL_HUGE_SHIFT 21
#define DRCL_HUGE_SIZE  (UINT64_C(1) << DRCL_HUGE_SHIFT)
#define DRCL_HUGE_PAGES (DRCL_HUGE_SIZE >> DRCL_PAGE_SHIFT) /* small pages in a huge one */

#endif
