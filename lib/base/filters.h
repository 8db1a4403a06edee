/* SPDX-License-Identifier: MIT */
/* The types of filters: one table, from which names, masks of backends and tables of decisions are made. */
#ifndef DRCL_FILTERS_H
#define DRCL_FILTERS_H

#include "damon_reclaim/damon_reclaim.h"

/* Who decides a filter of pages. */
enum drcl_filter_by {
    DRCL_BY_IDLE_PAGE = 1 << 0,           /* the library, with the files of the kernel about pages */
    DRCL_BY_MONITOR_ONLY = 1 << 1,        /* the same with the backend "damon" and monitor-only */
    DRCL_BY_MONITOR_WITH_BITMAP = 1 << 2, /* the same, if there is a bitmap of idle pages */
    DRCL_BY_KERNEL = 1 << 3,              /* the kernel's DAMON */
    DRCL_BY_SIM = 1 << 4,                 /* the simulation */
};

/*
 * REGION: decided for regions, by a function of engine/filter.c, whatever the backend is.
 * PAGE: decided for pages, by a function of pages/page_filter.c, by the kernel or by the simulation.
 * @x is handed on. Cgroups are no filter of monitor-only, where the targets are processes.
 */
#define DRCL_FILTERS(REGION, PAGE, x)                                                                                  \
    REGION(x, ADDR, "addr", is_in_range)                                                                               \
    REGION(x, TARGET, "target", is_of_target)                                                                          \
    PAGE(x, ANON, "anon", is_anon, DRCL_BY_IDLE_PAGE | DRCL_BY_MONITOR_ONLY | DRCL_BY_KERNEL | DRCL_BY_SIM)            \
    PAGE(x, ACTIVE, "active", is_active, DRCL_BY_IDLE_PAGE | DRCL_BY_MONITOR_ONLY | DRCL_BY_KERNEL)                    \
    PAGE(x, MEMCG, "memcg", is_of_memcg, DRCL_BY_IDLE_PAGE | DRCL_BY_KERNEL)                                           \
    PAGE(x, YOUNG, "young", is_young, DRCL_BY_IDLE_PAGE | DRCL_BY_MONITOR_WITH_BITMAP | DRCL_BY_KERNEL | DRCL_BY_SIM)  \
    PAGE(x, HUGEPAGE_SIZE, "hugepage_size", is_of_size, DRCL_BY_IDLE_PAGE | DRCL_BY_MONITOR_ONLY | DRCL_BY_KERNEL)     \
    PAGE(x, UNMAPPED, "unmapped", is_unmapped, DRCL_BY_IDLE_PAGE | DRCL_BY_MONITOR_ONLY | DRCL_BY_KERNEL)

#define DRCL_NO_FILTER(...)
#define DRCL_FILTER_BIT(who, type, name, decision, by) | ((by) & (who) ? 1u << DAMON_RECLAIM_FILTER_##type : 0u)
/* For ops.filters: the filters that these decide. */
#define DRCL_FILTERS_OF(who) (0u DRCL_FILTERS(DRCL_NO_FILTER, DRCL_FILTER_BIT, who))

/* All filters of pages. */
#define DRCL_PAGE_FILTERS DRCL_FILTERS_OF(~0)

#define DRCL_COUNT_FILTER(...) +1
enum { DRCL_NR_FILTER_TYPES = 0 DRCL_FILTERS(DRCL_COUNT_FILTER, DRCL_COUNT_FILTER, ) };

#endif
