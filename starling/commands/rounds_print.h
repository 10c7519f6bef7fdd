/* rounds_print.h - what rounds came to: a table and its ratios, or one JSON object; of several numbers of agents, a
 * row for each of them. main thread only. */
#ifndef SL_STARLING_COMMANDS_ROUNDS_PRINT_H
#define SL_STARLING_COMMANDS_ROUNDS_PRINT_H

#include "starling/commands/rounds.h"

/* After sl_rounds_run of each of the n, which are of one environment. SL_MEMORY; SL_IO. */
SL_MUST_CHECK sl_status sl_rounds_print(int n, const sl_rounds *const *rounds, bool json);

#endif
