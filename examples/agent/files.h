/* SPDX-License-Identifier: MIT */
/* Small files of the kernel, whole. */
#ifndef AGENT_FILES_H
#define AGENT_FILES_H

#include <stddef.h>

/* Reads a file of the kernel as text, which the caller frees. A negative errno: -ENOENT, -EFBIG (larger than 1 MiB) ...
 */
int file_read(const char *path, char **ret, size_t *ret_len);

#endif
