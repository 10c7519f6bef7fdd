/* env_curve.h - starling env bench --curve: the bench over the values of an option, where a step in the curve shows
 * what a machine dislikes. */
#ifndef SL_STARLING_COMMANDS_ENV_CURVE_H
#define SL_STARLING_COMMANDS_ENV_CURVE_H

#include "envs/options.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct sl_env_curve {
    const char *env;
    const char *text;        /* "agents=2..64", "envs=1,2,4,1024" */
    sl_env_options *options; /* the points' common ones; the curve's own is overwritten */
    int V, threads, n_rounds;
    double seconds; /* of one point in one round */
    bool json;
} sl_env_curve;

/* Runs all points in turn, n_rounds times, and prints a table or one JSON object: of each point its best round, and
 * the memory that the first one took. SL_USAGE: the text names no curve; else as sl_env_bench. */
SL_MUST_CHECK sl_status sl_env_curve_run(const sl_env_curve *curve);

#endif
