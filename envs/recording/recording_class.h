/* recording_class.h - what a family of environments implements so that its episodes can be recorded and replayed: its
 * keys in a header, and its lines "reset" and "step". The family table (envs/family.h) points to it. recording.c and
 * recorder.c do what all families share and know none by name. Inside envs/ only. */
#ifndef SL_ENVS_RECORDING_RECORDING_CLASS_H
#define SL_ENVS_RECORDING_RECORDING_CLASS_H

#include "envs/recording/replay.h"
#include "envs/recording/writer.h"

/* What is being recorded: one copy, and room for what is told of it. */
typedef struct sl_recorded {
    sl_recording_writer writer;
    sl_env *env;
    const sl_env_spec *spec;
    float *obs, *state; /* (N, O), (S) */
    uint8_t *avail;     /* (N, A) */
} sl_recorded;

typedef struct sl_recording_class {
    bool bare_names; /* headers name an environment without the family's prefix, as the reference's do */
    const char *const *own_options; /* names of options that stand in the header under keys of their own; NULL ends */

    /* Replaying. The environment is created between the first two. */
    size_t replay_bytes; /* of the struct that begins with sl_replay, zeros before */
    /* The header's own keys, over the options that it lists; an opponent's policy is the class's. */
    sl_status (*read_header)(sl_replay *self, const json_t *header, sl_env_options *options);
    sl_status (*check_header)(sl_replay *self, const json_t *header); /* against the environment; NULL: nothing */
    sl_status (*replay_reset)(sl_replay *self, const json_t *line);
    /* Inside an episode. Fills event but for its kind, settles, and says in in_episode whether it goes on. */
    sl_status (*replay_step)(sl_replay *self, const json_t *line, sl_recording_event *event);

    /* Recording: after the keys of all families. The environment is reset or stepped inside; in out, reward and flags
     * are given. */
    void (*write_header)(const sl_env *env, json_t *header);
    void (*record_reset)(sl_recorded *self, sl_env_out *out);
    void (*record_step)(sl_recorded *self, const int32_t *actions, sl_env_out *out);
    void (*record_step_continuous)(sl_recorded *self, const float *actions,
                                   sl_env_out *out); /* NULL: discrete only */
} sl_recording_class;

#endif
