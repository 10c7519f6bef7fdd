/* clock.h - the choices of fleet.clock by name, as flags and results have them. Any thread. */
#ifndef SL_EXPERIMENT_CLOCK_H
#define SL_EXPERIMENT_CLOCK_H

#include "common/status.h"
#include "experiment/choices.h"

#define SL_EXP_MAX_HZ 10000 /* of fleet.hz and --hz */

const char *sl_exp_clock_name(sl_exp_clock clock); /* "lockstep" */
/* SL_USAGE: --clock text is none of them. */
SL_MUST_CHECK sl_status sl_exp_clock_parse(const char *text, sl_exp_clock *out);

#endif
