/* env_flags.h - how the commands below `starling env` choose an environment's options: switches that follow from the
 * families' tables, "--agents N", then --switch and --opponent. */
#ifndef SL_STARLING_COMMANDS_ENV_FLAGS_H
#define SL_STARLING_COMMANDS_ENV_FLAGS_H

#include "setup/opponent.h"
#include "starling/run/options.h"

typedef struct sl_env_flags {
    sl_env_options options;            /* the defaults, and over them what is given */
    int64_t whole[SL_ENV_MAX_OPTIONS]; /* numbers until take; 0 = not given */
    sl_text_list switches;
    const char *opponent;
    sl_opponent_network *network; /* owned; what options borrow */
} sl_env_flags;

/* Writes to rows one for each option of these kinds that has a switch of its own, kind by kind, and the two others;
 * returns how many. least: of whole numbers. The rows write to self. */
int sl_env_flags_list(sl_env_flags *self, int n_kinds, const sl_env_kind *kinds, int least, sl_option *rows);
/* After the command line was read: what it says of the environment env is then in options. Fails as opponent.h says,
 * or SL_CONFIG: an unknown word of --switch; fini follows in any case. */
SL_MUST_CHECK sl_status sl_env_flags_take(sl_env_flags *self, const char *env);
void sl_env_flags_fini(sl_env_flags *self);

#endif
