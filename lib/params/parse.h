/* SPDX-License-Identifier: MIT */
/* Values of parameters as text. */
#ifndef DRCL_PARAMS_PARSE_H
#define DRCL_PARAMS_PARSE_H

#include "params/error.h"
#include "params/table.h"

/* Reads @text as a value of a parameter that can be set. 0, or -EACCES (it can only be read), -EINVAL or -ERANGE with a
 * text that names the parameter. */
int drcl_param_parse(const struct drcl_param *param, const char *text, const struct drcl_error_text *error,
                     uint64_t *ret_value);

/* Prints a value of the parameter as snprintf() does. */
int drcl_param_print(const struct drcl_param *param, uint64_t value, char *buf, size_t size);

int drcl_param_out_of_range(const struct drcl_param *param, const char *value, const struct drcl_error_text *error);

#endif
