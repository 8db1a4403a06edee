/* SPDX-License-Identifier: MIT */
/* The operations prepare() and check(): one address a region, hundreds of times a second, with as few system calls as
 * it takes. */
#ifndef DRCL_IDLE_SAMPLE_H
#define DRCL_IDLE_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

int drcl_idle_prepare(void *backend, uint32_t target, const uint64_t *addrs, size_t n);
int drcl_idle_check(void *backend, uint32_t target, const uint64_t *addrs, size_t n, uint8_t *accessed);

#endif
