/* recording.h - recorded trajectories (JSON lines, plain or .gz; format in docs/recordings.md): replays one against
 * this library and measures the difference. Used by `starling env check`, by `env play --replay` and by tests. */
#ifndef SL_ENVS_RECORDING_RECORDING_H
#define SL_ENVS_RECORDING_RECORDING_H

#include "envs/recording/event.h"

typedef struct sl_recording sl_recording;

/* Reads the header; path is borrowed for the life of *out and stands in messages. SL_NOT_FOUND (also: the file of its
 * map), SL_IO, SL_MEMORY; SL_CORRUPT with the line and what is wrong in it; SL_MISMATCH when it was made with an
 * environment or an option that is not here. */
SL_MUST_CHECK sl_status sl_recording_open(const char *path, sl_recording **out);
void sl_recording_close(sl_recording **self);
/* Replays the next line: the environment is then as after it. At the end SL_CORRUPT when there was no step. */
SL_MUST_CHECK sl_status sl_recording_next(sl_recording *self, sl_recording_event *out);
const sl_env *sl_recording_env(const sl_recording *self);                         /* one copy */
void sl_recording_get_result(const sl_recording *self, sl_recording_result *out); /* of the lines so far */

/* All of it. Being out of tolerance is not an error. */
SL_MUST_CHECK sl_status sl_recording_check(const char *path, sl_recording_result *out);

#endif
