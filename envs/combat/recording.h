/* recording.h - how battles are recorded and replayed (docs/recordings.md): before each step the recorded units are
 * loaded, so that a difference cannot grow, then the recorded actions are played in the recorded order. */
#ifndef SL_ENVS_COMBAT_RECORDING_H
#define SL_ENVS_COMBAT_RECORDING_H

#include "envs/recording/recording_class.h"

extern const sl_recording_class sl_combat_recording;

#endif
