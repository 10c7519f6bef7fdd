/* stranger.h - one who breaks the rules of the fleet over the simulated network. Included after cmocka.h. */
#ifndef SL_FLEET_STRANGER_H
#define SL_FLEET_STRANGER_H

#include "fleet/hall.h"
#include "net/keyring.h"
#include "support/links.h"

/* a client that says what it is told to, to play those who break the rules */
typedef struct stranger {
    sl_transport *transport;
    sl_fleet_codec *codec;
    sl_message received;
} stranger;

/* keys: its own, as its connection proves them; NULL: none */
static inline void stranger_open_with(stranger *self, const sl_keyring *keys) {
    sl_link_def def = sl_link_fleet_def(NULL);
    def.keys = keys;
    assert_int_equal(connect_to("sim://fleet", def, &self->transport), SL_OK);
    assert_int_equal(sl_fleet_codec_create(&self->codec), SL_OK);
}

static inline void stranger_open(stranger *self) {
    stranger_open_with(self, NULL);
}

static inline void stranger_close(stranger *self) {
    sl_transport_close(&self->transport);
    sl_fleet_codec_destroy(&self->codec);
}

static inline void stranger_say(stranger *self, const sl_fleet_message *message) {
    sl_frame frame;
    sl_fleet_encode(self->codec, message, &frame.bytes, &frame.n_bytes);
    assert_int_equal(sl_transport_send(self->transport, NULL, 1, &frame), SL_OK);
}

/* the answer to what was said, when the fleet has had its turn */
static inline sl_fleet_message stranger_hear(stranger *self, sl_fleet *fleet, sl_status expected_status) {
    sl_fleet_message message = {.run_id = 0};
    assert_int_equal(sl_fleet_poll(fleet, 20), SL_OK);
    sl_status status = sl_transport_receive(self->transport, 0, &self->received);
    assert_int_equal(status, expected_status);
    if (status == SL_OK)
        assert_int_equal(
            sl_fleet_decode(self->codec, self->received.frames[0].bytes, self->received.frames[0].n_bytes, &message),
            SL_OK);
    return message;
}

static inline sl_fleet_message stranger_hello(uint64_t run_id) {
    sl_fleet_message hello = {.kind = SL_FLEET_HELLO, .run_id = run_id, .slot = -1, .hidden = 16};
    hello.obs_dim = TOY_O, hello.n_actions = TOY_A, hello.build[0] = 'x', hello.arch[0] = 'y';
    memset(hello.model_sha256, 'b', 64);
    return hello;
}

#endif
