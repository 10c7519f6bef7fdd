/* scenarios.h - the scenarios, a file each. Inside envs/mpe only. */
#ifndef SL_ENVS_MPE_SCENARIOS_H
#define SL_ENVS_MPE_SCENARIOS_H

#include "envs/mpe/state.h"

extern const sl_mpe_scenario sl_mpe_simple, sl_mpe_spread, sl_mpe_speaker_listener, sl_mpe_adversary, sl_mpe_tag,
    sl_mpe_push, sl_mpe_reference, sl_mpe_crypto, sl_mpe_world_comm;

#endif
