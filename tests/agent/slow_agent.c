/* slow_agent.c - an agent that needs SLOW_AGENT_MS for each decision, which is always the same one: for the tests of
 * the realtime clock, flown by starling fly --agent. */
#include "agent/session.h"
#include "common/flags.h"
#include "common/program.h"
#include "common/stop.h"
#include "storage/file.h"
#include "storage/profile.h"
#include "storage/tensors_file.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static sl_profile profile;

static int32_t decide(void *context, const float *obs, const uint8_t *avail, bool episode_start) {
    (void)obs, (void)episode_start;
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, context, NULL);
    for (int a = 1; a < profile.n_actions; a++)
        if (!avail || avail[a]) return a;
    return 0;
}

static sl_status read_model(const char *path, sl_session_def *def) {
    sl_tensors *file = NULL;
    SL_TRY(sl_file_sha256_of(path, def->model_sha256));
    SL_TRY(sl_tensors_load(path, &file));
    sl_status status = sl_profile_read(path, file, &profile);
    sl_tensors_destroy(&file);
    def->obs_dim = profile.obs_dim;
    def->n_actions = profile.n_actions;
    return status;
}

static sl_status run(int argc, char **argv) {
    const char *connect = NULL, *model = NULL, *slot = "-1", *text = getenv("SLOW_AGENT_MS");
    const sl_flag flags[] = {{"connect", &connect, NULL}, {"model", &model, NULL}, {"slot", &slot, NULL}};
    const sl_flags_def def = {
        "slow-agent", "usage: slow_agent --connect ENDPOINT --model FILE\n", NULL, "unknown flag:", 3, flags};
    sl_common_flags common;
    SL_TRY(sl_flags_parse(&def, argc, argv, &common));
    if (common.done) return SL_OK;
    if (!connect || !model) return sl_fail(SL_USAGE, NULL, "--connect ENDPOINT and --model FILE are needed");
    sl_log_init("slow-agent", common.log_level, common.log_json);
    struct timespec pause = {.tv_nsec = 1000000 * strtol(text ? text : "30", NULL, 10)};
    sl_session_def session_def = sl_session_default_def(sl_link_fleet_def(connect));
    session_def.slot = (int)strtol(slot, NULL, 10);
    session_def.context = &pause;
    session_def.decide = decide;
    session_def.stop = sl_stop_catch();
    SL_TRY(read_model(model, &session_def));
    sl_session *session = NULL;
    SL_TRY(sl_session_create(&session_def, &session));
    sl_status status = sl_session_run(session);
    sl_session_destroy(&session);
    return status;
}

int main(int argc, char **argv) {
    sl_program_begin("slow-agent");
    return sl_stop_exit_code("slow-agent", run(argc, argv));
}
