/* SPDX-License-Identifier: MIT */
/* Numbers with units: read from the command line, and printed for people. */
#ifndef COMMON_UNITS_H
#define COMMON_UNITS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Parses a decimal number without a unit. False if it is none or too large. */
bool units_parse(const char *text, uint64_t *ret);

/* The same for the number of a process. */
bool units_parse_pid(const char *text, pid_t *ret);

/* Parses START-END, each as damon_reclaim_parse_size() does. */
bool units_parse_range(const char *text, uint64_t *ret_start, uint64_t *ret_end);

struct units_text {
    char text[32];
};

struct units_text units_bytes(uint64_t bytes);                  /* "12.3 MiB" */
struct units_text units_seconds(uint64_t ns);                   /* "1.234 s" */
struct units_text units_number(int64_t number);                 /* "-1" */
struct units_text units_percent(uint64_t part, uint64_t whole); /* "12.3 %" */

#endif
