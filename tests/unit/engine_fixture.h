/* SPDX-License-Identifier: MIT */
/* An engine whose regions a test puts where it wants them, so that each pass over them can be tested by itself. */
#ifndef DRCL_TEST_ENGINE_FIXTURE_H
#define DRCL_TEST_ENGINE_FIXTURE_H

#include "engine/engine.h"
#include "scripted.h"

extern struct scripted s;
extern struct drcl_engine engine; /* of one target, with samples of 5 ms in aggregations of 100 ms */

void attributes(uint64_t sample_us, uint64_t aggr_us, uint32_t min_nr, uint32_t max_nr);

/* Puts a region of so many pages behind the last, after a gap. */
void put(uint64_t gap, uint64_t pages, uint32_t nr_accesses, uint32_t last_nr_accesses, uint32_t age);
void clear(void);              /* removes all regions */
uint64_t end_of_regions(void); /* of the last; BASE if there is none */
uint64_t pages_of(size_t i);   /* the size of region @i */
void expect_region(size_t i, uint64_t pages, uint32_t nr_accesses, uint32_t age);

/* The fixture: a new engine without regions. */
void open_engine(void);
void close_engine(void);

#endif
