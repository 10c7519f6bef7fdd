/* check.c - see check.h. */
#include "starling/run/check.h"

#include "starling/run/process_group.h"
#include "starling/run/run.h"
#include "starling/run/spawn.h"

#include "common/agent_size.h"
#include "common/alloc.h"
#include "net/episode_record.h"
#include "net/transport.h"
#include "setup/setup.h"
#include "setup/teacher_file.h"
#include "storage/framed.h"
#include "storage/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

// the programs of agents that come by themselves are where they come from
static sl_status check_student(const sl_net_def *student, int i, bool comes) {
    char program[40], path[SL_PATH_BYTES], hint[SL_AGENT_SIZES_TEXT];
    sl_agent_size_hint(hint);
    (void)snprintf(program, sizeof program, "starling-agent-%d", student->hidden);
    if (!comes && sl_program_find(program, path) != SL_OK)
        return sl_fail(SL_CONFIG, hint,
                       "key 'students[%d].net.hidden': there is no '%s' to fly a student of %d units", i, program,
                       student->hidden);
    if (student->in_dim > SL_AGENT_MAX_OBS || student->out_dim > SL_AGENT_MAX_ACTIONS)
        return sl_fail(SL_CONFIG, "fewer agents: env.n_agents, where it can be chosen; or a smaller map",
                       "key 'env.name': agent %d has %d features and %d actions; an agent program takes %d and %d", i,
                       student->in_dim, student->out_dim, SL_AGENT_MAX_OBS, SL_AGENT_MAX_ACTIONS);
    return SL_OK;
}

// a log that was too full has lost its first ones, and counts them all the same
static sl_status count_episodes(sl_framed *log, uint64_t *out) {
    const uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    sl_episode last;
    void *memory = NULL;
    if (sl_framed_count(log) == 0) return SL_OK;
    SL_TRY(sl_framed_read(log, sl_framed_count(log) - 1, &bytes, &n_bytes));
    SL_TRY(sl_episode_decode(bytes, n_bytes, &last, &memory));
    *out = last.index + 1;
    sl_free(memory);
    return SL_OK;
}

// the values in it are of the reward that its teacher learned from, which their number alone does not tell
static sl_status check_recorded_reward(const sl_experiment *experiment) {
    char path[SL_RUN_PATH];
    sl_experiment *recorded = NULL;
    SL_TRY(sl_run_path(experiment->record.from, "experiment.yaml", path));
    if (access(path, R_OK) != 0) return SL_OK;
    SL_TRY(sl_experiment_load(path, NULL, 0, &recorded));
    bool same = recorded->teacher.ppo.reward == experiment->teacher.ppo.reward;
    sl_experiment_destroy(&recorded);
    if (same) return SL_OK;
    return sl_fail(SL_CONFIG, "give teacher.ppo.reward as in that run",
                   "key 'record.from': '%s' was recorded under another teacher.ppo.reward", experiment->record.from);
}

// another run's buffer, which is asked for once the teacher is there
static sl_status check_buffer(const sl_experiment *experiment) {
    const sl_exp_record *record = &experiment->record;
    char path[SL_RUN_PATH];
    sl_framed *log = NULL;
    if (!record->from[0] || experiment->method == SL_EXP_DIRECT) return SL_OK;
    SL_TRY(sl_run_path(record->from, "buffer/expert.log", path));
    if (access(path, R_OK) != 0)
        return sl_fail(SL_CONFIG, "the folder of a run that recorded", "key 'record.from': there is no '%s'", path);
    SL_TRY(check_recorded_reward(experiment));
    SL_TRY(sl_manifest_check_in(record->from, "buffer/expert.log"));
    SL_TRY(sl_framed_open_read(path, SL_EPISODE_MAX_BYTES, &log));
    uint64_t n = 0;
    sl_status status = count_episodes(log, &n);
    sl_framed_close(&log);
    if (status != SL_OK || n >= (uint64_t)record->episodes) return status;
    return sl_fail(SL_CONFIG, "lower record.episodes, or leave record.from empty",
                   "key 'record.from': the buffer of '%s' has only %" PRIu64 " episodes, record.episodes is %d",
                   record->from, n, record->episodes);
}

// another run's teacher, to take or to start from
static sl_status check_teacher(const sl_setup *setup, const char *key, const char *given, bool init) {
    char path[SL_POLICY_PATH];
    sl_policy policy = {0};
    if (!given[0] || setup->direct) return SL_OK;
    sl_status found = sl_teacher_file_find(given, path);
    if (access(path, R_OK) != 0)
        return sl_fail(SL_CONFIG, "a teacher's .safetensors file, or a run's folder", "key '%s': there is no '%s'",
                       key, path);
    SL_TRY(found);
    SL_TRY(init ? sl_teacher_file_load_init(setup, path, &policy) : sl_teacher_file_load(setup, path, &policy));
    sl_policy_fini(&policy);
    return SL_OK;
}

// serves on it for a moment: that is what tells whether the machine has such an address
static sl_status check_endpoint(const char *endpoint) {
    sl_transport *transport = NULL;
    sl_link_def link = sl_link_fleet_def(endpoint);
    sl_status status = sl_transport_serve(&link, &transport);
    sl_transport_close(&transport);
    // one that is in use may be free later: the coordinator will see
    if (status == SL_OK || status == SL_NETWORK) return SL_OK;
    return sl_fail(status, sl_error_hint(), "key 'fleet.endpoint': %s", sl_error_what());
}

// as many of the longest episodes as sampling waits for have to fit, or it would wait and recording drop them for
// ever
static sl_status check_bounds(const sl_setup *setup) {
    const sl_exp_record *record = &setup->experiment->record;
    static const float there[1];
    static const uint8_t flags[1];
    if (setup->direct || record->from[0]) return SL_OK;
    sl_episode longest = {.T = setup->spec.max_steps, .N = setup->N, .O = setup->O, .A = setup->A, .S = setup->S};
    longest.H = setup->teacher.hidden;
    longest.M = setup->M;
    longest.state = setup->spec.state_is_obs ? NULL : there;
    longest.avail = setup->uses_avail ? flags : NULL;
    longest.alive = setup->spec.mortal ? there : NULL;
    int64_t bytes = (int64_t)sl_episode_most_bytes(&longest) + SL_FRAMED_OVERHEAD, n = record->max_bytes / bytes;
    if (n >= record->min_size) return SL_OK;
    return sl_fail(SL_CONFIG, "raise record.max_bytes, or lower record.min_size",
                   "key 'record.max_bytes': %lld hold %lld episode%s of up to %lld bytes, record.min_size is %lld",
                   (long long)record->max_bytes, (long long)n, n == 1 ? "" : "s", (long long)bytes,
                   (long long)record->min_size);
}

sl_status sl_check_experiment(const sl_experiment *experiment, const sl_members *members, bool resume) {
    sl_setup *setup = NULL;
    SL_TRY(sl_setup_create(experiment, &setup));
    sl_status status = sl_process_group_need_room(setup);
    if (status == SL_OK) status = check_endpoint(experiment->fleet.endpoint);
    for (int i = 0; i < setup->N && status == SL_OK; i++)
        status = check_student(&setup->students[i], i, members->comes[i]);
    if (status == SL_OK) status = check_bounds(setup);
    bool learns = setup->direct || !experiment->teacher.from[0];
    // a resumed run may be past it
    if (status == SL_OK && !resume && learns) status = sl_setup_check_precision(setup);
    if (status == SL_OK && !resume) status = check_buffer(experiment);
    if (status == SL_OK && !resume) status = check_teacher(setup, "teacher.from", experiment->teacher.from, false);
    if (status == SL_OK && !resume) status = check_teacher(setup, "teacher.init", experiment->teacher.init, true);
    sl_setup_destroy(&setup);
    return status;
}
