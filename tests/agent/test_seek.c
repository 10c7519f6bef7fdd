/* test_seek.c - the search for a slot: what it says of somebody who is there and is no coordinator. */
#include "agent/seek.h"
#include "net/transport.h"
#include "support/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

enum { ANSWERS = 3, WAIT_MS = 200, TURNS = 300 };

typedef struct talker {
    sl_transport *transport;
    int n_frames;
    volatile sig_atomic_t done;
} talker;

// answers whatever comes by what no coordinator says; the search is told to stop behind the last answer
static void *talk(void *context) {
    talker *self = context;
    static const char words[] = "I sell something else";
    const sl_frame frames[] = {{words, sizeof words}, {words, sizeof words}};
    int n_said = 0;
    for (int i = 0; i < TURNS && n_said < ANSWERS; i++) {
        sl_message received;
        if (sl_transport_receive(self->transport, WAIT_MS, &received) != SL_OK) continue;
        if (sl_transport_send(self->transport, &received.peer, self->n_frames, frames) == SL_OK) n_said++;
    }
    // one more question says that the answers before it were read
    sl_message last;
    self->done = sl_transport_receive(self->transport, 10 * WAIT_MS, &last) == SL_OK ? 1 : 2;
    return NULL;
}

static void expect(int n_frames, const char *what) {
    talker self = {.n_frames = n_frames};
    char said[4096];
    int hidden = 0;
    pthread_t thread;
    sl_link_def link = sl_link_fleet_def("tcp://127.0.0.1:*");
    assert_int_equal(sl_transport_serve(&link, &self.transport), SL_OK);
    link.endpoint = sl_transport_endpoint(self.transport);
    sl_capture_begin();
    int failed = pthread_create(&thread, NULL, talk, &self);
    sl_status status = failed ? SL_IO : sl_seek(&link, -1, &self.done, &hidden);
    if (!failed) (void)pthread_join(thread, NULL);
    (void)sl_capture_end(said, sizeof said);
    sl_transport_close(&self.transport);
    assert_int_equal(status, SL_INTERRUPTED);
    if (!strstr(said, what)) fail_msg("'%s' is not in '%s'", what, said);
    assert_non_null(strstr(said, "is it a coordinator's port for agents?"));
}

static void who_is_no_coordinator_is_told(void **state) {
    (void)state;
    expect(1, "was dropped, 1 so far: not a fleet message");
    expect(2, "was dropped, 2 so far: a message of more than one frame");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_is_no_coordinator_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
