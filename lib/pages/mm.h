/* SPDX-License-Identifier: MIT */
/* The memory of a process whose pages are reclaimed. */
#ifndef DRCL_PAGES_MM_H
#define DRCL_PAGES_MM_H

#include "sys/pagemap.h"

struct drcl_mm {
    struct drcl_pagemap map;
    unsigned int nr_poor;    /* slices in a row of which hardly anything went */
    uint64_t hopeless_ns;    /* how long swap-backed memory is left alone after too many of them */
    uint64_t hopeless_until; /* CLOCK_MONOTONIC */
};

#endif
