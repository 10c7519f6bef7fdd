/* fuzz_fleet_message.c - a frame from an agent or a coordinator: sl_fleet_decode. What is taken is within its ranges
 * and comes back the same when it is said again. */
#include "net/fleet_message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(const sl_fleet_message *m) {
    bool good = m->slot >= -1 && m->slot < SL_FLEET_MAX_SLOTS && m->tick >= -1 && m->n_obs <= SL_FLEET_MAX_OBS &&
                m->n_avail <= SL_FLEET_MAX_ACTIONS && m->n_chunk <= SL_FLEET_CHUNK && m->action >= 0 &&
                m->action < SL_FLEET_MAX_ACTIONS && m->residence_ns >= 0 && m->offset >= 0 && m->model_bytes >= 0;
    for (int i = 0; i < m->n_obs; i++) good &= isfinite(m->obs[i]) != 0;
    for (int i = 0; i < m->n_avail; i++) good &= m->avail[i] <= 1;
    unsigned sum = 0;
    for (size_t i = 0; i < m->n_chunk; i++) sum += m->chunk[i];
    if (!good || sum > 255 * SL_FLEET_CHUNK) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    static sl_fleet_codec *codec, *second;
    if (!codec && (sl_fleet_codec_create(&codec) != SL_OK || sl_fleet_codec_create(&second) != SL_OK)) abort();
    sl_fleet_message m = {.run_id = 0}, again;
    if (sl_fleet_decode(codec, bytes, n_bytes, &m) != SL_OK) return 0;
    check(&m);
    const void *said;
    size_t n_said;
    sl_fleet_encode(codec, &m, &said, &n_said);
    if (sl_fleet_decode(second, said, n_said, &again) != SL_OK) abort();
    bool equal = again.kind == m.kind && again.run_id == m.run_id && again.session == m.session &&
                 again.slot == m.slot && again.tick == m.tick && again.sequence == m.sequence &&
                 again.n_obs == m.n_obs && again.n_avail == m.n_avail && again.action == m.action &&
                 again.offset == m.offset && again.n_chunk == m.n_chunk && strcmp(again.text, m.text) == 0;
    if (equal && m.n_obs) equal = memcmp(again.obs, m.obs, (size_t)m.n_obs * sizeof(float)) == 0;
    if (equal && m.n_chunk) equal = memcmp(again.chunk, m.chunk, m.n_chunk) == 0;
    if (!equal) abort();
    return 0;
}
