/* peer.c - an agent process of the fleet's tests, flying the toy policy: fleet_peer ENDPOINT SLOT. */
#include "agent/session.h"
#include "toy_policy.h"

#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    toy_policy policy = {0};
    sl_session_def def = sl_session_default_def(sl_link_fleet_def(argv[1]));
    def.slot = (int)strtol(argv[2], NULL, 10);
    def.hidden = 16, def.obs_dim = TOY_O, def.n_actions = TOY_A;
    memset(def.model_sha256, 'b', 64);
    def.context = &policy;
    def.decide = toy_decide;
    sl_session *session = NULL;
    sl_status status = sl_session_create(&def, &session);
    if (status == SL_OK) status = sl_session_run(session);
    if (status != SL_OK) sl_error_print("fleet_peer");
    sl_session_destroy(&session);
    return sl_status_exit_code(status);
}
