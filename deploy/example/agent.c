/* agent.c - an agent of one's own in C: joins a fleet and answers every observation with the first action that is
 * legal. Build it and fly it:
 *
 *   cc agent.c -o my-agent $(pkg-config --cflags --libs starling)
 *   starling fly mpe/spread --agent ./my-agent
 */
#include "agent/session.h"
#include "common/flags.h"
#include "common/program.h"
#include "common/stop.h"
#include "net/keyring.h"
#include "storage/file.h"
#include "storage/profile.h"
#include "storage/tensors_file.h"

#include <stdlib.h>
#include <string.h>

static sl_profile profile; /* of the student's file: sizes, and more if it is to be computed */

// obs (profile.obs_dim); avail (profile.n_actions), NULL = all are legal. A better agent thinks here.
static int32_t decide(void *context, const float *obs, const uint8_t *avail, bool episode_start) {
    (void)context, (void)obs, (void)episode_start;
    for (int a = 0; avail && a < profile.n_actions; a++)
        if (avail[a]) return a;
    return 0;
}

// slots are given by the file's hash: the coordinator wants to know that we hold its student
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
    const char *connect = NULL, *model = NULL, *slot = "-1";
    sl_key_flags keys = {0};
    const sl_flag flags[] = {{"connect", &connect, NULL},
                             {"model", &model, NULL},
                             {"slot", &slot, NULL},
                             {"key", &keys.key, NULL},
                             {"server-key", &keys.server_key, NULL},
                             {"insecure", NULL, &keys.insecure}};
    const sl_flags_def def = {
        "my-agent", "usage: my-agent --connect ENDPOINT --model FILE [--slot N]\n", NULL, "unknown flag:", 6, flags};
    sl_common_flags common;
    SL_TRY(sl_flags_parse(&def, argc, argv, &common));
    if (common.done) return SL_OK;
    if (!connect || !model) return sl_fail(SL_USAGE, NULL, "--connect ENDPOINT and --model FILE are needed");
    sl_log_init("my-agent", common.log_level, common.log_json);
    static sl_keyring keyring;
    sl_link_def link = sl_link_fleet_def(connect);
    SL_TRY(sl_keyring_load(&keys, &keyring));
    SL_TRY(sl_keyring_protect(&keyring, false, &link));
    sl_session_def session_def = sl_session_default_def(link);
    session_def.slot = atoi(slot);
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
    sl_program_begin("my-agent");
    return sl_stop_exit_code("my-agent", run(argc, argv));
}
