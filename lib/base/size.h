/* SPDX-License-Identifier: MIT */
/* Structs that grow: the caller says how much of one it knows. */
#ifndef DRCL_SIZE_H
#define DRCL_SIZE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies a struct of the caller's, @src_size bytes long, into the library's, @dst_size bytes long and already filled
 * with defaults; members that the caller does not have keep them. -EINVAL if @src_size is too small to hold its own
 * size member, or larger than any struct, -E2BIG if a byte behind what the library knows is not zero.
 */
int drcl_size_copy(void *dst, size_t dst_size, const void *src, size_t src_size);

/* Gives a struct back: at most @dst_size bytes are written, of which the first size_t stays the caller's @dst_size.
 * What the caller has beyond the library's is cleared. */
int drcl_size_give(void *dst, size_t dst_size, const void *src, size_t src_size);

/* Whether @n bytes are 0. */
bool drcl_is_zero(const void *bytes, size_t n);
/* Whether a member is 0: one that is reserved. */
#define DRCL_IS_ZERO(member) drcl_is_zero(&(member), sizeof(member))

/* For the text of the error about one that is not. */
#define DRCL_RESERVED "is not 0; set the struct to 0 before you fill it in, or use a newer library"

#endif
