/* SPDX-License-Identifier: MIT */
/* /proc/pressure/memory: time lost because memory was short. */
#ifndef DRCL_SYS_PSI_H
#define DRCL_SYS_PSI_H

#include "base/env.h"

/* Reads the text of the file: total stall time of the line `some` in us. 0 or -EINVAL. */
int drcl_psi_parse(const char *text, size_t len, uint64_t *ret_us);

/* Total `some` stall time since boot, us. Allocates nothing. -ENOENT or -EOPNOTSUPP where the kernel does not measure
 * it; errors name the file and the cure. */
int drcl_psi_some_us(struct drcl_env *env, uint64_t *ret);

#endif
