/* rounds_print.h - what rounds came to: a table and its ratios, or one JSON object. main thread only. */
#ifndef SL_STARLING_COMMANDS_ROUNDS_PRINT_H
#define SL_STARLING_COMMANDS_ROUNDS_PRINT_H

#include "starling/commands/rounds.h"

/* After sl_rounds_run. SL_MEMORY; SL_IO. */
SL_MUST_CHECK sl_status sl_rounds_print(const sl_rounds *rounds, bool json);

#endif
