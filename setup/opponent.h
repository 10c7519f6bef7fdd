/* opponent.h - who commands the enemies of a battle, as people write it: "reference", "hold", or a teacher's file,
 * whose network then plays the other side. It decides greedily, one enemy at a time, by sl_net_decide: the same bits
 * on every machine. Read-only after create and shared by every thread. */
#ifndef SL_SETUP_OPPONENT_H
#define SL_SETUP_OPPONENT_H

#include "envs/env.h"

typedef struct sl_opponent_network sl_opponent_network;

/* Sets opponent and opponent policy of options for the environment env by text: a word, a teacher's file, or a run's
 * or model folder that holds one. key is what errors name: "key 'env.opponent'". *out is NULL for a word, else it has
 * to outlive the environments made with options. SL_CONFIG: no such opponent, or env has none; SL_NOT_FOUND,
 * SL_CORRUPT: the file; SL_MISMATCH: of a student, or not made for this side of this map; SL_MEMORY. */
SL_MUST_CHECK sl_status sl_opponent_network_create(const char *key, const char *text, const char *env,
                                                   sl_env_options *options, sl_opponent_network **out);
void sl_opponent_network_destroy(sl_opponent_network **self);
/* Of the file; borrowed for the life of self. */
const char *sl_opponent_network_sha256(const sl_opponent_network *self);
/* Says in the log which file it is, by its SHA-256. NULL: nothing to say. */
void sl_opponent_network_announce(const sl_opponent_network *self);

#endif
