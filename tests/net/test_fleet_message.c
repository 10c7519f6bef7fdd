/* test_fleet_message.c - the fleet's codec: every kind comes back as it was sent; wrong versions, sizes, ranges and
 * ids, every truncation and 100,000 mutations are refused or decode to what passes the checks; nothing is allocated.
 */
#include "common/alloc.h"
#include "common/rng.h"
#include "net/fleet_message.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static float observation[SL_FLEET_MAX_OBS];
static uint8_t legal[SL_FLEET_MAX_ACTIONS];
static uint8_t chunk[SL_FLEET_CHUNK];

static int open_codec(void **state) {
    sl_fleet_codec *codec = NULL;
    assert_int_equal(sl_fleet_codec_create(&codec), SL_OK);
    *state = codec;
    for (int i = 0; i < SL_FLEET_MAX_OBS; i++) observation[i] = (float)i * 0.37F - 400;
    for (int i = 0; i < SL_FLEET_MAX_ACTIONS; i++) legal[i] = i % 3 != 1;
    for (int i = 0; i < SL_FLEET_CHUNK; i++) chunk[i] = (uint8_t)(i * 7 + i / 300);
    return 0;
}

static int close_codec(void **state) {
    sl_fleet_codec *codec = *state;
    sl_fleet_codec_destroy(&codec);
    assert_null(codec);
    return 0;
}

/* every field set, within its range */
static sl_fleet_message sample(sl_fleet_kind kind) {
    sl_fleet_message m = {.kind = kind,
                          .run_id = 0xfedcba9876543210u,
                          .session = 77,
                          .slot = 5,
                          .tick = 123456789012,
                          .sequence = 41,
                          .hidden = 32,
                          .obs_dim = 18,
                          .n_actions = 5,
                          .lease_ms = 10000};
    (void)snprintf(m.build, sizeof m.build, "%s", "0.1.0");
    (void)snprintf(m.arch, sizeof m.arch, "%s", "x86_64");
    (void)snprintf(m.mode, sizeof m.mode, "%s", "lockstep");
    (void)snprintf(m.text, sizeof m.text, "%s", "slot 5 is taken by a live agent");
    (void)snprintf(m.device, sizeof m.device, "%s", "pi-5");
    m.n_signature = 300, m.signature = chunk;
    memset(m.model_sha256, 'a', 64);
    memset(m.config_hash, '9', 64);
    m.heartbeat_ms = 500, m.model_bytes = 300000, m.reject = SL_REJECT_SLOT_TAKEN;
    m.episode_start = true, m.replay = true;
    m.n_obs = 18, m.obs = observation, m.n_avail = 5, m.avail = legal;
    m.action = 4, m.residence_ns = 1234;
    m.offset = 1000, m.n_chunk = 2000, m.chunk = chunk;
    return m;
}

static sl_status pass(sl_fleet_codec *codec, const sl_fleet_message *m, sl_fleet_message *got) {
    const void *bytes = NULL;
    size_t n_bytes = 0;
    sl_fleet_encode(codec, m, &bytes, &n_bytes);
    return sl_fleet_decode(codec, bytes, n_bytes, got);
}

static void check_step_equal(const sl_fleet_message *a, const sl_fleet_message *b) {
    if (a->kind == SL_FLEET_OBSERVATION) {
        assert_true(b->episode_start == a->episode_start && b->replay == a->replay);
        assert_true(b->n_obs == a->n_obs && b->n_avail == a->n_avail);
        assert_memory_equal(b->obs, a->obs, (size_t)a->n_obs * sizeof(float));
        if (a->n_avail)
            assert_memory_equal(b->avail, a->avail, (size_t)a->n_avail);
        else
            assert_null(b->avail);
    }
    if (a->kind == SL_FLEET_ACTION) assert_true(b->action == a->action && b->residence_ns == a->residence_ns);
    if (a->kind == SL_FLEET_MODEL_REQUEST || a->kind == SL_FLEET_MODEL_CHUNK) assert_true(b->offset == a->offset);
    if (a->kind == SL_FLEET_MODEL_CHUNK) {
        assert_true(b->n_chunk == a->n_chunk && b->model_bytes == a->model_bytes);
        assert_memory_equal(b->chunk, a->chunk, a->n_chunk);
    }
}

static void check_equal(const sl_fleet_message *a, const sl_fleet_message *b) {
    assert_int_equal(b->kind, a->kind);
    assert_true(b->major == SL_PROTOCOL_MAJOR && b->minor == SL_PROTOCOL_MINOR);
    assert_true(b->run_id == a->run_id);
    bool has_session = a->kind != SL_FLEET_HELLO && a->kind != SL_FLEET_REJECT && a->kind != SL_FLEET_ASK &&
                       a->kind != SL_FLEET_OFFER;
    bool has_slot = a->kind != SL_FLEET_RESET && a->kind != SL_FLEET_REJECT;
    bool has_step = a->kind == SL_FLEET_OBSERVATION || a->kind == SL_FLEET_ACTION;
    assert_true(b->session == (has_session ? a->session : 0));
    assert_int_equal(b->slot, has_slot ? a->slot : -1);
    assert_true(b->tick == (has_step || a->kind == SL_FLEET_WELCOME ? a->tick : -1));
    assert_true(b->sequence == (has_step || a->kind == SL_FLEET_HEARTBEAT ? a->sequence : 0));
    if (a->kind == SL_FLEET_HELLO) {
        assert_string_equal(b->build, a->build);
        assert_string_equal(b->arch, a->arch);
        assert_string_equal(b->device, a->device);
        assert_true(b->hidden == a->hidden && b->obs_dim == a->obs_dim && b->n_actions == a->n_actions);
        assert_string_equal(b->model_sha256, a->model_sha256);
    }
    if (a->kind == SL_FLEET_WELCOME) {
        assert_true(b->lease_ms == a->lease_ms && b->heartbeat_ms == a->heartbeat_ms);
        assert_true(b->model_bytes == a->model_bytes);
        assert_string_equal(b->mode, a->mode);
        assert_string_equal(b->config_hash, a->config_hash);
        assert_true(b->n_signature == a->n_signature);
        if (a->n_signature) assert_memory_equal(b->signature, a->signature, a->n_signature);
        assert_string_equal(b->model_sha256, a->model_sha256);
    }
    if (a->kind == SL_FLEET_REJECT) assert_int_equal(b->reject, a->reject);
    if (a->kind == SL_FLEET_OFFER) assert_int_equal(b->hidden, a->hidden);
    bool has_text = a->kind == SL_FLEET_REJECT || a->kind == SL_FLEET_GOODBYE || a->kind == SL_FLEET_OFFER;
    assert_string_equal(b->text, has_text ? a->text : "");
    check_step_equal(a, b);
}

static void every_kind_comes_back(void **state) {
    for (int kind = 1; kind < SL_FLEET_KINDS; kind++) {
        sl_fleet_message m = sample((sl_fleet_kind)kind), got;
        memset(&got, 0x5a, sizeof got);
        assert_int_equal(pass(*state, &m, &got), SL_OK);
        check_equal(&m, &got);
    }
}

static void what_may_be_absent_comes_back_absent(void **state) {
    sl_fleet_message m = sample(SL_FLEET_HELLO), got;
    m.slot = -1, m.model_sha256[0] = m.device[0] = 0, m.obs_dim = m.n_actions = m.hidden = 0;
    assert_int_equal(pass(*state, &m, &got), SL_OK);
    check_equal(&m, &got);
    m = sample(SL_FLEET_WELCOME);
    m.tick = -1, m.config_hash[0] = 0, m.model_bytes = 0, m.n_signature = 0;
    assert_int_equal(pass(*state, &m, &got), SL_OK);
    check_equal(&m, &got);
    m = sample(SL_FLEET_OFFER);
    m.slot = -1, m.hidden = 0, m.text[0] = 0;
    assert_int_equal(pass(*state, &m, &got), SL_OK);
    check_equal(&m, &got);
    m = sample(SL_FLEET_GOODBYE);
    m.text[0] = 0;
    assert_int_equal(pass(*state, &m, &got), SL_OK);
    check_equal(&m, &got);
    m = sample(SL_FLEET_OBSERVATION);
    m.n_avail = 0, m.episode_start = m.replay = false, m.tick = 0;
    assert_int_equal(pass(*state, &m, &got), SL_OK);
    check_equal(&m, &got);
    m = sample(SL_FLEET_REJECT);
    m.run_id = 0, m.reject = SL_REJECT_VERSION;
    assert_int_equal(pass(*state, &m, &got), SL_OK);
    check_equal(&m, &got);
}

static void the_largest_messages_fit(void **state) {
    sl_fleet_message m = sample(SL_FLEET_OBSERVATION), got;
    m.n_obs = SL_FLEET_MAX_OBS, m.n_avail = SL_FLEET_MAX_ACTIONS, m.slot = SL_FLEET_MAX_SLOTS - 1;
    m.tick = INT64_MAX, m.sequence = UINT64_MAX;
    assert_int_equal(pass(*state, &m, &got), SL_OK);
    check_equal(&m, &got);
    m = sample(SL_FLEET_MODEL_CHUNK);
    m.n_chunk = SL_FLEET_CHUNK, m.model_bytes = SL_FLEET_MAX_MODEL, m.offset = SL_FLEET_MAX_MODEL - SL_FLEET_CHUNK;
    assert_int_equal(pass(*state, &m, &got), SL_OK);
    check_equal(&m, &got);
    m = sample(SL_FLEET_REJECT);
    memset(m.text, 'x', sizeof m.text - 1);
    assert_int_equal(pass(*state, &m, &got), SL_OK);
    check_equal(&m, &got);
}

static void another_major_version_is_seen_before_anything_else(void **state) {
    uint8_t bytes[] = {'S', 'L', 'F', 'T', SL_PROTOCOL_MAJOR + 1, 3, 200, 0, 0xff, 0xff, 0xff};
    sl_fleet_message got = {.run_id = 99};
    assert_int_equal(sl_fleet_decode(*state, bytes, sizeof bytes, &got), SL_MISMATCH);
    assert_true(got.major == SL_PROTOCOL_MAJOR + 1 && got.minor == 3 && (int)got.kind == 200 && got.run_id == 99);
    assert_non_null(strstr(sl_error_what(), "protocol 2.3"));
    bytes[4] = SL_PROTOCOL_MAJOR;
    assert_int_equal(sl_fleet_decode(*state, bytes, sizeof bytes, &got), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), "unknown kind"));
    bytes[6] = SL_FLEET_HELLO;
    assert_int_equal(sl_fleet_decode(*state, bytes, sizeof bytes, &got), SL_CORRUPT);
    bytes[0] = 'X';
    assert_int_equal(sl_fleet_decode(*state, bytes, sizeof bytes, &got), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), "not a fleet message"));
}

static void oversized_bodies_are_refused(void **state) {
    static uint8_t bytes[512 * 1024] = {'S', 'L', 'F', 'T', SL_PROTOCOL_MAJOR, 0, SL_FLEET_HEARTBEAT};
    sl_fleet_message got;
    // a valid unknown field of the whole length: tag 1000, length-delimited
    static const uint8_t field[] = {0xc2, 0x3e, 0xc0, 0xff, 0x1f};
    memcpy(bytes + 8, field, sizeof field);
    for (int kind = 1; kind < SL_FLEET_KINDS; kind++) {
        bytes[6] = (uint8_t)kind;
        assert_int_equal(sl_fleet_decode(*state, bytes, sizeof bytes, &got), SL_CORRUPT);
        assert_non_null(strstr(sl_error_what(), "too long"));
    }
    // and many tiny unknown fields run out of the arena, not of memory
    for (size_t i = 8; i + 2 < 32 * 1024; i += 3) memcpy(bytes + i, (uint8_t[]){0xc0, 0x3e, 0}, 3);
    bytes[6] = SL_FLEET_HEARTBEAT;
    uint64_t before = sl_alloc_count();
    assert_int_equal(sl_fleet_decode(*state, bytes, 8 + 3 * 10000, &got), SL_CORRUPT);
    assert_int_equal(sl_alloc_count(), before);
}

static void expect_refused(sl_fleet_codec *codec, const sl_fleet_message *m, const char *field) {
    sl_fleet_message got, before;
    memset(&got, 0x5a, sizeof got);
    before = got;
    assert_int_equal(pass(codec, m, &got), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), field));
    assert_memory_equal(&got, &before, sizeof got);
}

#define REFUSED(kind_, change, field)                                                                                \
    do {                                                                                                             \
        sl_fleet_message m = sample(kind_);                                                                          \
        change;                                                                                                      \
        expect_refused(*state, &m, "'" field "'");                                                                   \
    } while (0)

static void bad_values_are_refused_by_field(void **state) {
    static float with_nan[3] = {1, NAN, 2};
    static const uint8_t not_flags[2] = {1, 2};
    REFUSED(SL_FLEET_HELLO, m.run_id = 0, "run_id");
    REFUSED(SL_FLEET_HELLO, m.slot = SL_FLEET_MAX_SLOTS, "slot");
    REFUSED(SL_FLEET_HELLO, m.build[1] = '\n', "build");
    REFUSED(SL_FLEET_HELLO, m.arch[0] = '\x7f', "arch");
    REFUSED(SL_FLEET_HELLO, m.hidden = 65537, "hidden");
    REFUSED(SL_FLEET_HELLO, m.obs_dim = SL_FLEET_MAX_OBS + 1, "obs_dim");
    REFUSED(SL_FLEET_HELLO, m.n_actions = -1, "n_actions");
    REFUSED(SL_FLEET_HELLO, m.model_sha256[63] = 0, "model_sha256");
    REFUSED(SL_FLEET_WELCOME, m.session = 0, "session");
    REFUSED(SL_FLEET_WELCOME, m.slot = -1, "slot");
    REFUSED(SL_FLEET_WELCOME, m.lease_ms = 0, "lease_ms");
    REFUSED(SL_FLEET_WELCOME, m.heartbeat_ms = 60001, "heartbeat_ms");
    REFUSED(SL_FLEET_WELCOME, m.mode[2] = '\x1b', "mode");
    REFUSED(SL_FLEET_WELCOME, m.config_hash[0] = 'A', "config_hash");
    REFUSED(SL_FLEET_WELCOME, m.model_bytes = -1, "model_bytes");
    REFUSED(SL_FLEET_REJECT, m.run_id = 0, "run_id");
    REFUSED(SL_FLEET_REJECT, m.reject = SL_REJECT_NONE, "reject");
    REFUSED(SL_FLEET_REJECT, m.text[0] = '\t', "text");
    REFUSED(SL_FLEET_RESET, m.session = 0, "session");
    REFUSED(SL_FLEET_OBSERVATION, m.tick = -1, "tick");
    REFUSED(SL_FLEET_OBSERVATION, m.sequence = 0, "sequence");
    REFUSED(SL_FLEET_OBSERVATION, m.n_obs = 0, "obs");
    REFUSED(SL_FLEET_OBSERVATION, (m.n_obs = 3, m.obs = with_nan), "obs");
    REFUSED(SL_FLEET_OBSERVATION, (m.n_avail = 2, m.avail = not_flags), "avail");
    REFUSED(SL_FLEET_ACTION, m.action = SL_FLEET_MAX_ACTIONS, "action");
    REFUSED(SL_FLEET_ACTION, m.action = -1, "action");
    REFUSED(SL_FLEET_ACTION, m.residence_ns = -1, "residence_ns");
    REFUSED(SL_FLEET_HEARTBEAT, m.slot = -1, "slot");
    REFUSED(SL_FLEET_MODEL_REQUEST, m.offset = -1, "offset");
    REFUSED(SL_FLEET_MODEL_CHUNK, m.n_chunk = 0, "chunk");
    REFUSED(SL_FLEET_MODEL_CHUNK, m.model_bytes = 2999, "chunk");
    REFUSED(SL_FLEET_HELLO, m.device[0] = '\n', "device");
    REFUSED(SL_FLEET_OFFER, m.hidden = 65537, "hidden");
    REFUSED(SL_FLEET_OFFER, m.text[0] = '\t', "text");
    REFUSED(SL_FLEET_GOODBYE, m.session = 0, "session");
    REFUSED(SL_FLEET_GOODBYE, m.text[0] = '\t', "text");
}

/* what every decoded message must satisfy, however it was made; touches all it points to, for the sanitizer */
static void check_decoded(const sl_fleet_message *m) {
    assert_true(m->kind > 0 && m->kind < SL_FLEET_KINDS && m->slot >= -1 && m->slot < SL_FLEET_MAX_SLOTS);
    assert_true(m->run_id != 0 || (m->kind == SL_FLEET_REJECT && m->reject == SL_REJECT_VERSION));
    assert_true(m->tick >= -1 && m->action >= 0 && m->action < SL_FLEET_MAX_ACTIONS && m->residence_ns >= 0);
    assert_true(m->n_obs >= 0 && m->n_obs <= SL_FLEET_MAX_OBS && m->n_avail <= SL_FLEET_MAX_ACTIONS);
    for (int i = 0; i < m->n_obs; i++) assert_true(isfinite(m->obs[i]) != 0);
    for (int i = 0; i < m->n_avail; i++) assert_true(m->avail[i] <= 1);
    assert_true(m->offset >= 0 && m->model_bytes >= 0 && m->n_chunk <= SL_FLEET_CHUNK);
    unsigned sum = 0;
    for (size_t i = 0; i < m->n_chunk; i++) sum += m->chunk[i];
    assert_true(sum < UINT32_MAX && memchr(m->text, 0, sizeof m->text) && memchr(m->build, 0, sizeof m->build));
}

static void truncations_and_mutations_are_harmless(void **state) {
    sl_rng rng = sl_rng_seed(3);
    int n_decoded = 0, n_refused = 0;
    for (int kind = 1; kind < SL_FLEET_KINDS; kind++) {
        sl_fleet_message m = sample((sl_fleet_kind)kind), got;
        const void *encoded = NULL;
        size_t n_bytes = 0;
        sl_fleet_encode(*state, &m, &encoded, &n_bytes);
        uint8_t *whole = sl_alloc_copy(encoded, n_bytes), *mutant = sl_alloc(n_bytes);
        for (size_t n = 0; n < n_bytes; n++) {
            // of its exact size, so that the sanitizer sees a read past the end
            uint8_t *cut = sl_alloc_copy(whole, n);
            if (sl_fleet_decode(*state, cut, n, &got) == SL_OK) check_decoded(&got);
            sl_free(cut);
        }
        for (int i = 0; i < 100000 / (SL_FLEET_KINDS - 1) + 1; i++) {
            memcpy(mutant, whole, n_bytes);
            for (uint32_t k = 0, n = 1 + sl_rng_below(&rng, 4); k < n; k++)
                mutant[sl_rng_below(&rng, (uint32_t)n_bytes)] = (uint8_t)sl_rng_u64(&rng);
            if (sl_fleet_decode(*state, mutant, n_bytes, &got) == SL_OK)
                check_decoded(&got), n_decoded++;
            else
                n_refused++;
        }
        sl_free(mutant);
        sl_free(whole);
    }
    assert_true(n_decoded > 1000 && n_refused > 1000);
}

static void coding_allocates_nothing(void **state) {
    uint64_t before = sl_alloc_count();
    for (int i = 0; i < 10000; i++) {
        sl_fleet_message m = sample(i % 2 ? SL_FLEET_OBSERVATION : SL_FLEET_ACTION), got;
        assert_int_equal(pass(*state, &m, &got), SL_OK);
    }
    assert_int_equal(sl_alloc_count(), before);
}

static void creation_survives_a_failed_allocation(void **state) {
    (void)state;
    sl_fleet_codec *codec = NULL;
    sl_alloc_fail_at(1);
    assert_int_equal(sl_fleet_codec_create(&codec), SL_MEMORY);
    sl_alloc_fail_at(0);
    assert_null(codec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_comes_back, open_codec, close_codec),
        cmocka_unit_test_setup_teardown(what_may_be_absent_comes_back_absent, open_codec, close_codec),
        cmocka_unit_test_setup_teardown(the_largest_messages_fit, open_codec, close_codec),
        cmocka_unit_test_setup_teardown(another_major_version_is_seen_before_anything_else, open_codec, close_codec),
        cmocka_unit_test_setup_teardown(oversized_bodies_are_refused, open_codec, close_codec),
        cmocka_unit_test_setup_teardown(bad_values_are_refused_by_field, open_codec, close_codec),
        cmocka_unit_test_setup_teardown(truncations_and_mutations_are_harmless, open_codec, close_codec),
        cmocka_unit_test_setup_teardown(coding_allocates_nothing, open_codec, close_codec),
        cmocka_unit_test(creation_survives_a_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
