/* test_fleet_step.c - the short way of a tick's messages says and understands what protobuf-c does: the same bytes,
 * and of 200,000 mutants each that it takes has the fields that the general decoder finds. */
#include "common/alloc.h"
#include "common/rng.h"
#include "net/fleet_step.h"
#include "proto/fleet.pb-c.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_BODY = 32 * 1024 };

static float features[SL_FLEET_MAX_OBS], read_obs[SL_FLEET_MAX_OBS];
static uint8_t legal[SL_FLEET_MAX_ACTIONS], written[MAX_BODY], packed[MAX_BODY];

static uint64_t any_width(sl_rng *rng) {
    return sl_rng_u64(rng) >> sl_rng_below(rng, 64);
}

/* of any widths, and with what may be absent now there, now not */
static sl_fleet_message draw(sl_fleet_kind kind, sl_rng *rng) {
    sl_fleet_message m = {.kind = kind, .run_id = any_width(rng), .session = any_width(rng)};
    m.slot = (int)sl_rng_below(rng, SL_FLEET_MAX_SLOTS + 1) - 1;
    m.tick = (int64_t)(any_width(rng) >> 1) - 1;
    m.sequence = any_width(rng) - (sl_rng_below(rng, 8) == 0);
    if (kind == SL_FLEET_ACTION) {
        m.action = (int32_t)any_width(rng);
        m.residence_ns = (int64_t)any_width(rng);
        return m;
    }
    m.episode_start = sl_rng_below(rng, 2), m.replay = sl_rng_below(rng, 2);
    m.n_obs = (int)(sl_rng_below(rng, SL_FLEET_MAX_OBS) >> sl_rng_below(rng, 13)), m.obs = features;
    m.n_avail = (int)sl_rng_below(rng, 2) * (int)sl_rng_below(rng, SL_FLEET_MAX_ACTIONS + 1), m.avail = legal;
    return m;
}

static size_t pack(const sl_fleet_message *m, uint8_t *body) {
    Starling__Fleet__Message p = STARLING__FLEET__MESSAGE__INIT;
    p.has_run_id = m->run_id != 0, p.run_id = m->run_id;
    p.has_session = 1, p.session = m->session;
    p.has_slot = m->slot >= 0, p.slot = (uint32_t)m->slot;
    p.has_tick = m->tick >= 0, p.tick = m->tick;
    p.has_sequence = m->sequence != 0, p.sequence = m->sequence;
    p.has_episode_start = p.episode_start = m->episode_start;
    p.has_replay = p.replay = m->replay;
    p.n_obs = (size_t)m->n_obs, p.obs = features;
    p.has_avail = m->n_avail > 0, p.avail = (ProtobufCBinaryData){(size_t)m->n_avail, legal};
    p.has_action = p.has_residence_ns = m->kind == SL_FLEET_ACTION;
    p.action = (uint32_t)m->action, p.residence_ns = m->residence_ns;
    return starling__fleet__message__pack(&p, body);
}

static int fill(void **state) {
    (void)state;
    for (int i = 0; i < SL_FLEET_MAX_OBS; i++) features[i] = (float)i * 0.37F - 400;
    for (int i = 0; i < SL_FLEET_MAX_ACTIONS; i++) legal[i] = i % 3 != 1;
    return 0;
}

static void the_bytes_are_those_of_protobuf(void **state) {
    sl_rng rng = sl_rng_seed(1);
    (void)state;
    for (int i = 0; i < 20000; i++) {
        sl_fleet_message m = draw(i % 2 ? SL_FLEET_ACTION : SL_FLEET_OBSERVATION, &rng);
        size_t n = pack(&m, packed);
        assert_int_equal(sl_fleet_step_write(&m, written), n);
        assert_memory_equal(written, packed, n);
    }
}

static bool is_finite(const float *values, size_t n) {
    bool all = true;
    for (size_t i = 0; i < n; i++) all &= isfinite(values[i]) != 0;
    return all;
}

/* what was taken is what protobuf-c finds there, and within its ranges */
static void check(const sl_fleet_message *m, const uint8_t *body, size_t n_bytes) {
    Starling__Fleet__Message *p = starling__fleet__message__unpack(NULL, n_bytes, body);
    assert_non_null(p);
    assert_true(p->run_id != 0 && p->run_id == m->run_id && p->session != 0 && p->session == m->session);
    assert_true(p->has_slot && (int)p->slot == m->slot && m->slot >= 0 && m->slot < SL_FLEET_MAX_SLOTS);
    assert_true(p->has_tick && p->tick == m->tick && m->tick >= 0);
    assert_true(p->sequence != 0 && p->sequence == m->sequence);
    if (m->kind == SL_FLEET_ACTION) {
        assert_true(p->has_action && (int32_t)p->action == m->action && p->action < SL_FLEET_MAX_ACTIONS);
        assert_true(p->has_residence_ns && p->residence_ns == m->residence_ns && m->residence_ns >= 0);
    } else {
        assert_true((bool)p->episode_start == m->episode_start && (bool)p->replay == m->replay);
        assert_true(p->n_obs > 0 && p->n_obs == (size_t)m->n_obs && m->n_obs <= SL_FLEET_MAX_OBS);
        assert_memory_equal(p->obs, m->obs, p->n_obs * sizeof(float));
        assert_true(is_finite(m->obs, p->n_obs) && p->avail.len == (size_t)m->n_avail);
        assert_true(m->n_avail <= SL_FLEET_MAX_ACTIONS && (p->has_avail != 0) == (m->n_avail > 0));
        for (int i = 0; i < m->n_avail; i++) assert_true(m->avail[i] <= 1 && m->avail[i] == p->avail.data[i]);
    }
    starling__fleet__message__free_unpacked(p, NULL);
}

static void what_is_taken_is_what_protobuf_finds(void **state) {
    sl_rng rng = sl_rng_seed(2);
    int n_taken = 0, n_left = 0;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        sl_fleet_message m = draw(i % 2 ? SL_FLEET_ACTION : SL_FLEET_OBSERVATION, &rng), got, before;
        // most of a mutant of a long message is features
        m.n_obs %= 9;
        memset(&before, 0x5a, sizeof before);
        got = before;
        size_t n = sl_fleet_step_write(&m, written);
        for (uint32_t k = sl_rng_below(&rng, 4); k > 0; k--)
            written[sl_rng_below(&rng, (uint32_t)n)] = (uint8_t)any_width(&rng);
        if (sl_rng_below(&rng, 4) == 0) n = sl_rng_below(&rng, (uint32_t)n + 1);
        // of its exact size, so that the sanitizer sees a read past the end
        uint8_t *body = sl_alloc_copy(written, n);
        if (sl_fleet_step_read(m.kind, body, n, read_obs, &got)) {
            check(&got, body, n);
            n_taken++;
        } else {
            assert_memory_equal(&got, &before, sizeof got);
            n_left++;
        }
        sl_free(body);
    }
    assert_true(n_taken > 10000 && n_left > 10000);
}

/* what is good is taken, or else the short way would be none */
static void a_good_message_goes_the_short_way(void **state) {
    sl_rng rng = sl_rng_seed(3);
    (void)state;
    for (int i = 0; i < 2000; i++) {
        sl_fleet_message m = draw(i % 2 ? SL_FLEET_ACTION : SL_FLEET_OBSERVATION, &rng), got;
        m.run_id |= 1, m.session |= 1, m.sequence = (m.sequence >> 1) | 1;
        m.slot = m.slot < 0 ? 0 : m.slot % SL_FLEET_MAX_SLOTS, m.tick = m.tick < 0 ? 0 : m.tick;
        m.action &= SL_FLEET_MAX_ACTIONS - 1, m.residence_ns &= INT64_MAX, m.n_obs += m.n_obs == 0;
        size_t n = sl_fleet_step_write(&m, written);
        assert_true(sl_fleet_step_read(m.kind, written, n, read_obs, &got));
        check(&got, written, n);
        assert_false(sl_fleet_step_read(SL_FLEET_HEARTBEAT, written, n, read_obs, &got));
        // a field that comes once more replaces the first: not for the short way
        memcpy(written + n, (const uint8_t[]){0x18, 1}, 2);
        assert_false(sl_fleet_step_read(m.kind, written, n + 2, read_obs, &got));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_bytes_are_those_of_protobuf, fill),
        cmocka_unit_test_setup(what_is_taken_is_what_protobuf_finds, fill),
        cmocka_unit_test_setup(a_good_message_goes_the_short_way, fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
