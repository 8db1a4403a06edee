/* SPDX-License-Identifier: MIT */
/* Numbers and the units that may stand behind them. */
#ifndef DRCL_UNITS_H
#define DRCL_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* A unit and its factor, in ns or in bytes. Tables end with NULL. */
struct drcl_unit {
    const char *name;
    uint64_t factor;
};

extern const struct drcl_unit drcl_units_of_time[];
extern const struct drcl_unit drcl_units_of_size[];

/* The factor of a unit; 0 if the table, which may be NULL, has none of that name. */
uint64_t drcl_unit_factor(const struct drcl_unit *units, const char *name);

/* Takes a decimal or 0x number from the front of @text, with @octal also one in octal, as the kernel reads it. 0,
 * -EINVAL if there is none, -ERANGE if it is beyond 64 bits. */
int drcl_take_number(const char **text, bool octal, uint64_t *ret_value);

#endif
