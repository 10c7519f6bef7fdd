/* test_learn_message.c - the learn link's codec: every kind comes back as it was sent, over the simulated network;
 * wrong versions, sizes and ids, every truncation and 100,000 mutations are refused or decode to what passes the
 * checks. */
#include "common/alloc.h"
#include "common/rng.h"
#include "net/learn_message.h"
#include "net/transport_sim.h"
#include "support/links.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct link {
    sl_sim *sim;
    sl_transport *server, *client;
    sl_learn_codec *codec;
    sl_message received;
} link;

static int open_link(void **state) {
    link *self = sl_alloc(sizeof *self);
    sl_sim_def sim_def = {.seed = 1};
    sl_link_def def = sl_link_learn_def(NULL);
    assert_int_equal(sl_sim_create(&sim_def, &self->sim), SL_OK);
    sl_sim_install(self->sim);
    assert_int_equal(serve_on("sim://learn", def, &self->server), SL_OK);
    assert_int_equal(connect_to("sim://learn", def, &self->client), SL_OK);
    assert_int_equal(sl_learn_codec_create(&self->codec), SL_OK);
    *state = self;
    return 0;
}

static int close_link(void **state) {
    link *self = *state;
    sl_learn_codec_destroy(&self->codec);
    assert_null(self->codec);
    sl_transport_close(&self->client);
    sl_transport_close(&self->server);
    sl_sim_destroy(&self->sim);
    sl_free(self);
    return 0;
}

static const float floats[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const uint8_t snapshot[5] = {9, 8, 7, 6, 5};

static sl_learn_message sample(sl_learn_kind kind) {
    sl_learn_message m = {.kind = kind, .run_id = 0xfeedfacecafebeefu, .request_id = 77, .version = 12};
    memset(m.config_hash, 'a', 64);
    (void)snprintf(m.text, sizeof m.text, "%s", "what it is about");
    if (kind == SL_LEARN_ERROR) m.code = SL_NO_SPACE;
    if (kind == SL_LEARN_SAMPLE || kind == SL_LEARN_EVALUATE || kind == SL_LEARN_RECORD || kind == SL_LEARN_FLY)
        m.n_episodes = 1000;
    if (kind == SL_LEARN_SAMPLE) m.source = 1;
    if (kind == SL_LEARN_EVALUATE) m.policy = SL_POLICY_STUDENTS;
    if (kind == SL_LEARN_PROGRESS) m.done = 3, m.total = 9;
    if (kind == SL_LEARN_FLY) m.watch_us = 60000000, m.wait_ms = SL_WAIT_MOST_MS;
    if (kind == SL_LEARN_MODELS) sl_learn_add(&m, SL_TENSOR_POLICY_FILES, snapshot, SL_SHAPE(5));
    if (kind == SL_LEARN_COLLECT || kind == SL_LEARN_EVALUATE)
        (void)snprintf(m.behaviour, sizeof m.behaviour, "a name of 31 bytes, the most %s", "..");
    if (kind == SL_LEARN_EVALUATE || kind == SL_LEARN_FLY) m.links = "links:\n  preset: 4g\n";
    m.want_divergence = kind == SL_LEARN_EVALUATE;
    if (kind == SL_LEARN_BATCH || kind == SL_LEARN_DONE) m.worked_ns = INT64_MAX;
    m.seed = UINT64_MAX;
    m.value_mean = -1.5, m.value_std = 2.5;
    m.want_snapshot = true;
    sl_learn_add(&m, SL_TENSOR_LOGP, floats, SL_SHAPE(2, 3, 2));
    sl_learn_add(&m, SL_TENSOR_SNAPSHOT, snapshot, SL_SHAPE(5));
    sl_learn_add(&m, SL_TENSOR_EPISODE_RETURN, NULL, SL_SHAPE(0, 3));
    return m;
}

static void pass(link *self, const sl_learn_message *message) {
    assert_int_equal(sl_learn_send(self->codec, self->client, NULL, message), SL_OK);
    assert_int_equal(sl_transport_receive(self->server, 10, &self->received), SL_OK);
}

static void every_kind_comes_back(void **state) {
    link *self = *state;
    for (int kind = 1; kind < SL_LEARN_KINDS; kind++) {
        sl_learn_message m = sample((sl_learn_kind)kind), got;
        memset(&got, 0x5a, sizeof got);
        pass(self, &m);
        assert_int_equal(sl_learn_decode(self->codec, &self->received, &got), SL_OK);
        assert_int_equal(got.kind, m.kind);
        assert_int_equal(got.major, SL_LEARN_MAJOR);
        assert_true(got.run_id == m.run_id && got.request_id == m.request_id && got.version == m.version);
        assert_string_equal(got.config_hash, m.config_hash);
        assert_string_equal(got.text, m.text);
        assert_int_equal(got.code, m.code);
        assert_int_equal(got.n_episodes, m.n_episodes);
        assert_true(got.seed == m.seed && got.want_snapshot);
        assert_true(got.source == m.source && got.policy == m.policy);
        assert_string_equal(got.behaviour, m.behaviour);
        assert_true(got.value_mean == -1.5 && got.value_std == 2.5);
        assert_true(got.done == m.done && got.total == m.total && got.watch_us == m.watch_us &&
                    got.wait_ms == m.wait_ms);
        assert_int_equal(got.want_divergence, m.want_divergence);
        assert_true(got.worked_ns == m.worked_ns);
        assert_true((got.links != NULL) == (m.links != NULL));
        if (m.links) assert_string_equal(got.links, m.links);
        assert_int_equal(got.n_tensors, m.n_tensors);
        for (int i = 0; i < m.n_tensors; i++) {
            const sl_wire_tensor *a = &m.tensors[i], *b = sl_learn_tensor(&got, a->role);
            assert_true(b && a->type == b->type && a->n_dims == b->n_dims && a->n_bytes == b->n_bytes);
            assert_memory_equal(a->dims, b->dims, sizeof a->dims);
            assert_memory_equal(a->data, b->data, a->n_bytes);
        }
        assert_null(sl_learn_tensor(&got, SL_TENSOR_OBS));
    }
}

static void expect(link *self, const sl_message *frames, sl_status status, const char *word) {
    sl_learn_message got, before;
    memset(&got, 0x5a, sizeof got);
    before = got;
    assert_int_equal(sl_learn_decode(self->codec, frames, &got), status);
    assert_non_null(strstr(sl_error_what(), word));
    assert_memory_equal(&got, &before, sizeof got);
}

static void wrong_messages_are_refused_by_field(void **state) {
    link *self = *state;
    sl_learn_message m = sample(SL_LEARN_BATCH);
    pass(self, &m);
    sl_message frames = self->received;
    uint8_t header[8192];
    memcpy(header, frames.frames[0].bytes, frames.frames[0].n_bytes);
    frames.frames[0].bytes = header;

    // the version goes first: even with nothing that could be parsed behind it
    header[4] = SL_LEARN_MAJOR + 1;
    expect(self, &frames, SL_MISMATCH, "protocol 2.4");
    sl_message bare = {.n_frames = 1, .frames = {{header, 8}}};
    expect(self, &bare, SL_MISMATCH, "protocol 2.4");
    header[4] = SL_LEARN_MAJOR;
    header[6] = SL_LEARN_KINDS;
    expect(self, &frames, SL_CORRUPT, "unknown kind");
    header[6] = SL_LEARN_MODELS;
    expect(self, &frames, SL_CORRUPT, "tensors");
    header[6] = SL_LEARN_BATCH;
    expect(self, &bare, SL_CORRUPT, "run_id");
    header[0] = 'X';
    expect(self, &frames, SL_CORRUPT, "not a learn message");
    header[0] = 'S';

    // a frame too few, too many, too short, in the wrong place
    frames.n_frames = 3;
    expect(self, &frames, SL_CORRUPT, "tensors");
    frames.n_frames = 5;
    frames.frames[4] = (sl_frame){snapshot, 5};
    expect(self, &frames, SL_CORRUPT, "tensors");
    frames.n_frames = 4;
    frames.frames[1].n_bytes--;
    expect(self, &frames, SL_CORRUPT, "tensors.dims");
    frames.frames[1].n_bytes++;
    sl_frame kept = frames.frames[1];
    frames.frames[1] = frames.frames[2];
    frames.frames[2] = kept;
    expect(self, &frames, SL_CORRUPT, "tensors.dims");
    // what a kind needs must be there
    frames = self->received;
    frames.frames[0].bytes = header;
    header[6] = SL_LEARN_RECORD;
    expect(self, &frames, SL_CORRUPT, "n_episodes");
    header[6] = SL_LEARN_EVALUATE;
    expect(self, &frames, SL_CORRUPT, "n_episodes");
    header[6] = SL_LEARN_ERROR;
    expect(self, &frames, SL_CORRUPT, "code");
    header[6] = SL_LEARN_PROGRESS;
    expect(self, &frames, SL_CORRUPT, "done");
}

static void bad_values_are_refused_by_field(void **state) {
    link *self = *state;
    sl_learn_message m = sample(SL_LEARN_SAMPLE);
    m.value_std = NAN;
    pass(self, &m);
    expect(self, &self->received, SL_CORRUPT, "value_std");
    m = sample(SL_LEARN_SAMPLE);
    m.source = 2;
    pass(self, &m);
    expect(self, &self->received, SL_CORRUPT, "source");
    m = sample(SL_LEARN_EVALUATE);
    m.policy = (sl_policy_kind)9;
    pass(self, &m);
    expect(self, &self->received, SL_CORRUPT, "policy");
    m = sample(SL_LEARN_HELLO);
    m.config_hash[3] = 'G';
    pass(self, &m);
    expect(self, &self->received, SL_CORRUPT, "config_hash");
    m = sample(SL_LEARN_BATCH);
    m.version = -1;
    pass(self, &m);
    expect(self, &self->received, SL_CORRUPT, "version");
    m = sample(SL_LEARN_PROGRESS);
    m.done = 10;
    pass(self, &m);
    expect(self, &self->received, SL_CORRUPT, "done");
    m = sample(SL_LEARN_FLY);
    m.watch_us = 60000001;
    pass(self, &m);
    expect(self, &self->received, SL_CORRUPT, "watch_us");
    m.watch_us = 0, m.wait_ms = SL_WAIT_MOST_MS + 1LL;
    pass(self, &m);
    expect(self, &self->received, SL_CORRUPT, "wait_ms");
    m.wait_ms = SL_WAIT_FOREVER;
    pass(self, &m);
    sl_learn_message got;
    assert_int_equal(sl_learn_decode(self->codec, &self->received, &got), SL_OK);
    assert_int_equal(got.wait_ms, SL_WAIT_FOREVER);
    char *links = sl_alloc(SL_LEARN_MAX_LINKS + 2);
    assert_non_null(links);
    memset(links, 'x', SL_LEARN_MAX_LINKS);
    m.links = links;
    pass(self, &m);
    assert_int_equal(sl_learn_decode(self->codec, &self->received, &got), SL_OK);
    assert_string_equal(got.links, links);
    links[SL_LEARN_MAX_LINKS] = 'x';
    pass(self, &m);
    expect(self, &self->received, SL_CORRUPT, "links");
    sl_free(links);
    m = sample(SL_LEARN_RESTORE);
    m.n_tensors = 1;
    pass(self, &m);
    expect(self, &self->received, SL_CORRUPT, "'tensors' of SNAPSHOT");
    // dims whose product wraps to the right number of bytes
    m = sample(SL_LEARN_BATCH);
    m.tensors[0].n_dims = 4;
    memcpy(m.tensors[0].dims, (int64_t[]){(int64_t)1 << 32, (int64_t)1 << 32, 1, 1}, sizeof m.tensors[0].dims);
    m.tensors[0].n_bytes = 0;
    pass(self, &m);
    expect(self, &self->received, SL_CORRUPT, "'tensors.dims' of LOGP");
    m = sample(SL_LEARN_BATCH);
    m.tensors[2].role = SL_TENSOR_LOGP;
    pass(self, &m);
    expect(self, &self->received, SL_CORRUPT, "'tensors.role' of LOGP");
}

/* what every decoded message must satisfy, however it was made */
static void check_decoded(const sl_learn_message *m) {
    assert_true(m->kind > 0 && m->kind < SL_LEARN_KINDS && m->major == SL_LEARN_MAJOR && m->run_id != 0);
    assert_true(m->version >= 0 && m->n_episodes >= 0 && m->source >= 0 && m->source <= 1);
    assert_true(isfinite(m->value_mean) && isfinite(m->value_std) && m->value_std >= 0);
    assert_true(m->done >= 0 && m->done <= m->total);
    assert_true(strlen(m->text) < sizeof m->text && strlen(m->config_hash) < sizeof m->config_hash);
    for (int i = 0; i < m->n_tensors; i++) {
        const sl_wire_tensor *t = &m->tensors[i];
        assert_true(t->role > 0 && t->role < SL_TENSOR_ROLES && t->n_dims >= 1 && t->n_dims <= 4);
        assert_ptr_equal(sl_learn_tensor(m, t->role), t);
        uint64_t n = t->type == SL_WIRE_U8 ? 1 : t->type == SL_WIRE_F64 || t->type == SL_WIRE_I64 ? 8 : 4;
        for (int d = 0; d < t->n_dims; d++) n *= (uint64_t)t->dims[d];
        assert_true(n == t->n_bytes);
    }
}

static void truncations_and_mutations_are_harmless(void **state) {
    link *self = *state;
    sl_rng rng = sl_rng_seed(3);
    int n_decoded = 0, n_refused = 0;
    for (int kind = 1; kind < SL_LEARN_KINDS; kind++) {
        sl_learn_message m = sample((sl_learn_kind)kind), got;
        pass(self, &m);
        sl_message frames = self->received;
        size_t n_bytes = frames.frames[0].n_bytes;
        for (size_t n = 0; n < n_bytes; n++) {
            // of its exact size, so that the sanitizer sees a read past the end
            uint8_t *cut = sl_alloc_copy(self->received.frames[0].bytes, n);
            frames.frames[0] = (sl_frame){cut, n};
            // what was cut holds the descriptors, so no cut can be whole; behind them is only how a flight is
            // watched and waited for, who chooses the actions, the links, and how long an answer took
            sl_status status = sl_learn_decode(self->codec, &frames, &got);
            if (status == SL_OK) {
                bool answers = (kind == SL_LEARN_BATCH || kind == SL_LEARN_DONE) && got.worked_ns == 0;
                bool asks = kind == SL_LEARN_FLY || kind == SL_LEARN_COLLECT || kind == SL_LEARN_EVALUATE;
                assert_true(asks || answers);
                assert_true(!got.links || (kind == SL_LEARN_EVALUATE && !got.want_divergence));
                assert_true((kind != SL_LEARN_COLLECT || got.behaviour[0] == 0) && got.n_tensors == 3);
            }
            if (status != SL_OK) assert_int_equal(status, SL_CORRUPT);
            sl_free(cut);
        }
        uint8_t *bytes = sl_alloc(n_bytes);
        for (int i = 0; i < 100000 / (SL_LEARN_KINDS - 1) + 1; i++) {
            memcpy(bytes, self->received.frames[0].bytes, n_bytes);
            for (uint32_t k = 0, n = 1 + sl_rng_below(&rng, 4); k < n; k++)
                bytes[sl_rng_below(&rng, (uint32_t)n_bytes)] = (uint8_t)sl_rng_u64(&rng);
            frames.frames[0] = (sl_frame){bytes, n_bytes};
            if (sl_learn_decode(self->codec, &frames, &got) == SL_OK)
                check_decoded(&got), n_decoded++;
            else
                n_refused++;
        }
        sl_free(bytes);
    }
    assert_true(n_decoded > 1000 && n_refused > 1000);
}

static void coding_allocates_nothing(void **state) {
    link *self = *state;
    sl_learn_message m = sample(SL_LEARN_BATCH), got;
    pass(self, &m);
    uint64_t before = sl_alloc_count();
    for (int i = 0; i < 10000; i++) assert_int_equal(sl_learn_decode(self->codec, &self->received, &got), SL_OK);
    assert_int_equal(sl_alloc_count(), before);
}

static void creation_survives_a_failed_allocation(void **state) {
    (void)state;
    sl_learn_codec *codec = NULL;
    sl_alloc_fail_at(1);
    assert_int_equal(sl_learn_codec_create(&codec), SL_MEMORY);
    sl_alloc_fail_at(0);
    assert_null(codec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_comes_back, open_link, close_link),
        cmocka_unit_test_setup_teardown(wrong_messages_are_refused_by_field, open_link, close_link),
        cmocka_unit_test_setup_teardown(bad_values_are_refused_by_field, open_link, close_link),
        cmocka_unit_test_setup_teardown(truncations_and_mutations_are_harmless, open_link, close_link),
        cmocka_unit_test_setup_teardown(coding_allocates_nothing, open_link, close_link),
        cmocka_unit_test(creation_survives_a_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
