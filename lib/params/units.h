/* SPDX-License-Identifier: MIT */
/* Numbers and the units that may stand behind them. */
#ifndef DRCL_UNITS_H
#define DRCL_UNITS_H

#include <stdbool.h>
#include <stddef.h>
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

struct drcl_number {
    uint64_t whole;
    const char *fraction; /* the digits behind the point */
    size_t nr_digits;     /* of them; 0: there is no point */
};

/* Takes a decimal or 0x number from the front of @text, with @octal also one in octal, as the kernel reads it. A
 * decimal number may have a fraction. 0, -EINVAL if there is none, -ERANGE if it is beyond 64 bits. */
int drcl_take_number(const char **text, bool octal, struct drcl_number *ret);

/* The number times a factor, which is at most a d in ns. What is less than 1 is left out, and *ret_exact then false. 0,
 * or -ERANGE if it is beyond 64 bits. */
int drcl_number_times(const struct drcl_number *number, uint64_t factor, uint64_t *ret, bool *ret_exact);

/* The meaning of the first @len characters as a switch. 0, or -EINVAL if they are none. */
int drcl_parse_bool(const char *text, size_t len, bool *ret);

#endif
