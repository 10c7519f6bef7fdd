/* keys.h - a folder of keys on the disk, as the commands of `starling keys` make and change it: NAME.key and
 * NAME.key_secret of everybody, allowed/NAME.key of who may connect, revoked/NAME.key of who may not any more. main
 * thread only. */
#ifndef SL_STARLING_COMMANDS_KEYS_H
#define SL_STARLING_COMMANDS_KEYS_H

#include "net/certificate.h"
#include "net/keyring.h"

/* DIR/SUB/NAME.ending; sub "" for the folder itself. SL_USAGE: too long. */
SL_MUST_CHECK sl_status sl_keys_path(const char *folder, const char *sub, const char *name, const char *ending,
                                     char path[SL_KEYRING_PATH]);
/* Writes both of its files, and its entry among the allowed when allow. Nothing that is there is overwritten:
 * SL_MISMATCH names it. */
SL_MUST_CHECK sl_status sl_keys_store(const char *folder, const sl_certificate *certificate, bool allow);
/* What `starling keys new` does. */
SL_MUST_CHECK sl_status sl_keys_make(const char *folder, int n_agents);

#endif
