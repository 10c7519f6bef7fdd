/* test_flight.c - the agent's process over tcp against a coordinator played by the test: it fetches its student,
 * keeps it, answers as nn/ would, and leaves as documented. */
#include "common/alloc.h"
#include "common/rng.h"
#include "net/fleet_message.h"
#include "net/transport.h"
#include "storage/file.h"
#include "student_file.h"
#include "support/links.h"
#include "support/temp_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SLOT = 2, SESSION = 77, WAIT_MS = 20000 };
static const sl_net_def def = {.in_dim = 18, .hidden = 16, .out_dim = 5, .n_layers = 1, .cell = SL_CELL_GRU};
extern char **environ;

/* The coordinator that the test plays, and the one agent that flies. */
typedef struct results {
    sl_temp_folder folder;
    sl_student_file student;
    uint8_t *bytes;
    size_t n_bytes;
    char sha256[65];
    sl_transport *server;
    sl_fleet_codec *codec;
    sl_peer peer;
    sl_fleet_message last; /* received; its arrays are borrowed from the codec */
    uint64_t run_id;
    pid_t agent;
} results;

static int set_up(void **state) {
    static results f;
    memset(&f, 0, sizeof f);
    f.folder = sl_temp_folder_create();
    sl_student_file_init(&f.student, &def, 5);
    sl_student_file_encode(&f.student, &f.bytes, &f.n_bytes);
    sl_file_sha256(f.bytes, f.n_bytes, f.sha256);
    sl_link_def transport = sl_link_fleet_def(NULL);
    assert_int_equal(serve_on("tcp://127.0.0.1:*", transport, &f.server), SL_OK);
    assert_int_equal(sl_fleet_codec_create(&f.codec), SL_OK);
    *state = &f;
    return 0;
}

static int tear_down(void **state) {
    results *f = *state;
    // only after a failed assertion
    if (f->agent > 0) {
        kill(f->agent, SIGKILL);
        waitpid(f->agent, NULL, 0);
    }
    sl_transport_close(&f->server);
    sl_fleet_codec_destroy(&f->codec);
    sl_free(f->bytes);
    sl_student_file_fini(&f->student);
    sl_temp_folder_remove(&f->folder);
    return 0;
}

// starts the agent with --model FILE or --cache DIR; what it prints goes to the file "out"
static void start(results *f, const char *source, const char *path) {
    char program[] = SL_BIN_DIR "/starling-agent-16", endpoint[64], kind[16], from[SL_TEMP_PATH + 128];
    snprintf(endpoint, sizeof endpoint, "%s", sl_transport_endpoint(f->server));
    snprintf(kind, sizeof kind, "%s", source);
    snprintf(from, sizeof from, "%s", path);
    char connect[] = "--connect", level[] = "--log-level", error[] = "error";
    char *argv[] = {program, connect, endpoint, kind, from, level, error, NULL};
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, 1, sl_temp_folder_file(&f->folder, "out"),
                                                      O_WRONLY | O_CREAT | O_TRUNC, 0600),
                     0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, 1, 2), 0);
    assert_int_equal(posix_spawn(&f->agent, program, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
}

static int wait_for_exit(results *f) {
    int status = 0;
    assert_int_equal(waitpid(f->agent, &status, 0), f->agent);
    f->agent = 0;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect_output(results *f, const char *text) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    assert_int_equal(sl_file_read(sl_temp_folder_file(&f->folder, "out"), 4096, &bytes, &n_bytes), SL_OK);
    if (!strstr((char *)bytes, text)) fail_msg("'%s' is not in: %s", text, (char *)bytes);
    sl_free(bytes);
}

// the next message that is not a heartbeat (those come when they like)
static sl_fleet_kind receive(results *f) {
    do {
        sl_message message;
        sl_status status = sl_transport_receive(f->server, WAIT_MS, &message);
        if (status != SL_OK) fail_msg("no message: %s", sl_error_what());
        f->peer = message.peer;
        status = sl_fleet_decode(f->codec, message.frames[0].bytes, message.frames[0].n_bytes, &f->last);
        if (status != SL_OK) fail_msg("%s", sl_error_what());
    } while (f->last.kind == SL_FLEET_HEARTBEAT);
    return f->last.kind;
}

static void send_message(results *f, sl_fleet_message message) {
    sl_frame frame;
    message.run_id = f->run_id;
    message.session = SESSION;
    message.slot = SLOT;
    sl_fleet_encode(f->codec, &message, &frame.bytes, &frame.n_bytes);
    assert_int_equal(sl_transport_send(f->server, &f->peer, 1, &frame), SL_OK);
}

static void welcome_in(results *f, const char *mode) {
    assert_int_equal(receive(f), SL_FLEET_HELLO);
    assert_int_equal(f->last.hidden, 16);
    f->run_id = f->last.run_id;
    sl_fleet_message message = {.kind = SL_FLEET_WELCOME, .tick = -1, .lease_ms = 10000, .heartbeat_ms = 500};
    message.model_bytes = (int64_t)f->n_bytes;
    memcpy(message.model_sha256, f->sha256, sizeof message.model_sha256);
    (void)snprintf(message.mode, sizeof message.mode, "%s", mode);
    send_message(f, message);
}

static void welcome(results *f) {
    welcome_in(f, "lockstep");
}

static void give_model(results *f) {
    assert_int_equal(receive(f), SL_FLEET_MODEL_REQUEST);
    assert_int_equal(f->last.offset, 0);
    sl_fleet_message chunk = {.kind = SL_FLEET_MODEL_CHUNK, .model_bytes = (int64_t)f->n_bytes};
    chunk.n_chunk = f->n_bytes;
    chunk.chunk = f->bytes;
    send_message(f, chunk);
}

// two episodes; every answer is the first maximum of nn's logits among the legal actions
static void fly(results *f) {
    float h[16], obs[18], logits[5], scratch[8 * 16];
    uint8_t avail[5] = {1, 1, 1, 1, 1};
    sl_rng rng = sl_rng_seed(9);
    for (int t = 0; t < 50; t++) {
        bool is_start = t % 25 == 0;
        if (is_start) memset(h, 0, sizeof h);
        for (int i = 0; i < 18; i++) obs[i] = (float)sl_rng_between(&rng, -3.0, 3.0);
        for (int a = 0; a < 5; a++) avail[a] = a == t % 5 || sl_rng_below(&rng, 2);
        sl_fleet_message message = {.kind = SL_FLEET_OBSERVATION, .tick = t, .sequence = (uint64_t)t + 1};
        message.episode_start = is_start;
        message.n_obs = 18;
        message.obs = obs;
        message.n_avail = 5;
        message.avail = avail;
        send_message(f, message);
        sl_net_decide(&def, f->student.params, 1, obs, h, logits, scratch);
        int expected = -1;
        for (int a = 0; a < 5; a++)
            if (avail[a] && (expected < 0 || logits[a] > logits[expected])) expected = a;
        assert_int_equal(receive(f), SL_FLEET_ACTION);
        assert_int_equal(f->last.tick, t);
        assert_int_equal(f->last.action, expected);
    }
}

static void say_goodbye(results *f) {
    send_message(f, (sl_fleet_message){.kind = SL_FLEET_GOODBYE});
    assert_int_equal(wait_for_exit(f), 0);
    expect_output(f, "{\"event\":\"ready\",\"slot\":2,");
    expect_output(f, "{\"event\":\"done\",\"decided\":50,");
}

static void fetches_keeps_and_flies(void **state) {
    results *f = *state;
    char cache[SL_TEMP_PATH + 128], kept[SL_TEMP_PATH + 256];
    snprintf(cache, sizeof cache, "%s", sl_temp_folder_file(&f->folder, "cache"));
    snprintf(kept, sizeof kept, "%s/%s.safetensors", cache, f->sha256);
    start(f, "--cache", cache);
    welcome(f);
    give_model(f);
    fly(f);
    say_goodbye(f);
    assert_int_equal(access(kept, R_OK), 0);
    // the second start does not ask for it
    start(f, "--cache", cache);
    welcome(f);
    fly(f);
    say_goodbye(f);
    // unless what was kept is damaged
    assert_int_equal(sl_file_replace(kept, "damaged", 7), SL_OK);
    start(f, "--cache", cache);
    welcome(f);
    give_model(f);
    fly(f);
    say_goodbye(f);
}

static void flies_its_file_and_stops_when_told(void **state) {
    results *f = *state;
    const char *path = sl_temp_folder_file(&f->folder, "student.safetensors");
    assert_int_equal(sl_file_replace(path, f->bytes, f->n_bytes), SL_OK);
    start(f, "--model", path);
    welcome(f);
    assert_string_equal(f->last.model_sha256, f->sha256);
    fly(f);
    assert_int_equal(kill(f->agent, SIGTERM), 0);
    assert_int_equal(receive(f), SL_FLEET_GOODBYE);
    assert_int_equal(wait_for_exit(f), 0);
    start(f, "--model", path);
    welcome(f);
    fly(f);
    assert_int_equal(kill(f->agent, SIGINT), 0);
    assert_int_equal(receive(f), SL_FLEET_GOODBYE);
    assert_int_equal(wait_for_exit(f), 130);
}

/* an agent that cannot fly what it was given says why */
static void expect_goodbye(results *f, const char *why) {
    assert_int_equal(receive(f), SL_FLEET_GOODBYE);
    if (!strstr(f->last.text, why)) fail_msg("'%s' is not in: %s", why, f->last.text);
}

static void refuses_a_bad_model(void **state) {
    results *f = *state;
    // another student under the announced hash
    f->bytes[f->n_bytes - 1] ^= 1;
    start(f, "--cache", sl_temp_folder_file(&f->folder, "cache"));
    welcome(f);
    give_model(f);
    expect_goodbye(f, "the model of slot 2 came with another SHA-256 than announced");
    assert_int_equal(wait_for_exit(f), 5);
    // the hash is right, the digest within is not
    sl_file_sha256(f->bytes, f->n_bytes, f->sha256);
    start(f, "--cache", sl_temp_folder_file(&f->folder, "cache"));
    welcome(f);
    give_model(f);
    expect_goodbye(f, "digest");
    assert_int_equal(wait_for_exit(f), 5);
}

// a clock by which an agent of this version would answer wrongly, though every message were one that it knows
static void refuses_a_clock_that_it_does_not_know(void **state) {
    results *f = *state;
    start(f, "--cache", sl_temp_folder_file(&f->folder, "cache"));
    welcome_in(f, "sundial");
    // to one that would take it
    send_message(f, (sl_fleet_message){.kind = SL_FLEET_GOODBYE, .tick = -1});
    assert_int_equal(wait_for_exit(f), 6);
    expect_output(f, "the coordinator's clock is 'sundial', this agent knows lockstep, virtual and realtime");
}

// no room for the model in the cache: it is flown all the same
static void flies_what_it_cannot_keep(void **state) {
    results *f = *state;
    struct rlimit limit, old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 1024;
    assert_true(f->n_bytes > limit.rlim_cur);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const char *cache = sl_temp_folder_file(&f->folder, "cache");
    start(f, "--cache", cache);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    welcome(f);
    give_model(f);
    fly(f);
    say_goodbye(f);
    // not even a part of it is left: the folder is empty
    assert_int_equal(rmdir(cache), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fetches_keeps_and_flies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flies_its_file_and_stops_when_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flies_what_it_cannot_keep, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_bad_model, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_clock_that_it_does_not_know, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
