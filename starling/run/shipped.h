/* shipped.h - the models and experiments that are installed beside the programs, in share/starling of their prefix,
 * so that 'starling fly mpe/spread' works in any folder. Any thread. */
#ifndef SL_STARLING_RUN_SHIPPED_H
#define SL_STARLING_RUN_SHIPPED_H

#include "starling/run/run.h"

enum { SL_SHIPPED_HINT = 2 * SL_RUN_PATH };

/* What text, a path, means: itself when there is such a file or folder, or none that is shipped; else the shipped
 * one: models/mpe/spread, or without its folder's name mpe/spread; a file also without its .yaml. what: the folder,
 * "models" or "experiments". SL_USAGE: too long. */
SL_MUST_CHECK sl_status sl_shipped_find(const char *what, const char *text, char path[SL_RUN_PATH]);
/* hint, and where the shipped ones are, if they are. */
const char *sl_shipped_hint(const char *what, const char *hint, char buffer[SL_SHIPPED_HINT]);

#endif
