/* recording.h - how episodes of particles are recorded and replayed (docs/recordings.md): every entity is placed
 * where the recorded reset put it, then the physics runs with the recorded actions. */
#ifndef SL_ENVS_MPE_RECORDING_H
#define SL_ENVS_MPE_RECORDING_H

#include "envs/recording/recording_class.h"

extern const sl_recording_class sl_mpe_recording;

#endif
