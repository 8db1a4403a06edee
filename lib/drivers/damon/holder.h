/* SPDX-License-Identifier: MIT */
/* Who holds the kernel's DAMON, of which there is one for the whole system. */
#ifndef DRCL_DAMON_HOLDER_H
#define DRCL_DAMON_HOLDER_H

#include "drivers/damon/damon.h"

/* Takes DAMON for this context. -EBUSY: somebody else holds it, and the text says who. Creates no directories yet. */
int drcl_damon_take(struct drcl_damon *d);
/* Notes in the record that the kernel's thread runs. */
int drcl_damon_record_kdamond(struct drcl_damon *d, pid_t kdamond);
/* Stops our thread, removes our directories, switches DAMON_STAT on again, and removes the record, as far as each of
 * these was done. What fails is tried again by the next start. */
int drcl_damon_give_back(struct drcl_damon *d);
/* 0 if drcl_damon_take() would succeed, else its error. Reads only. */
int drcl_damon_check_takeable(struct drcl_env *env, bool take_over);
/* Takes away what an instance left that was killed: 1 if there was something, 0 if not; then the last error
 * may say which living instance is in the way. Errors have a text. */
int drcl_damon_clean_up(struct drcl_env *env);
/* 0 if none of the kernel's own modules holds DAMON, else -EBUSY with a text that says which. */
int drcl_damon_check_modules(struct drcl_env *env, bool take_over);

#endif
