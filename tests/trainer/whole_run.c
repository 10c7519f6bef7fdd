/* whole_run.c - see whole_run.h. */
#include "trainer/whole_run.h"

#include "common/alloc.h"
#include "common/rng.h"
#include "coordinator/serve.h"
#include "storage/file.h"
#include "support/links.h"
#include "trainer/stages.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char text[] = "name: stages\n"
                           "threads: 2\n"
                           "env: {name: mpe/simple_spread_v3, max_steps: 10}\n"
                           "teacher:\n"
                           "  actor: {cell: gru, hidden: 16, layers: 1}\n"
                           "  critic: {cell: none, hidden: 16, layers: 1}\n"
                           "  ppo: {total_steps: 1920, n_envs: 16, rollout_steps: 12, epochs: 2, minibatches: 2}\n"
                           "record: {episodes: 24}\n"
                           "mask: {kind: random, k_min: 8, k_max: 10}\n"
                           "students:\n"
                           "- net: {cell: none, hidden: 16, layers: 1}\n"
                           "- net: {cell: gru, hidden: 16, layers: 1}\n"
                           "- net: {cell: gru, hidden: 32, layers: 1}\n"
                           "distill: {source: mixed, updates: 12, episodes: 8, minibatches: 2, w_ppo: 0.5}\n";

void world_create(world *w, const plan *p, const char *set) {
    *w = (world){.folder = sl_temp_folder_create(), .trainer = pthread_self(), .plan = *p};
    const char *path = sl_temp_folder_file(&w->folder, "experiment.yaml");
    assert_int_equal(sl_file_replace(path, text, sizeof text - 1), SL_OK);
    assert_int_equal(sl_experiment_load(path, &set, set ? 1 : 0, &w->experiment), SL_OK);
    // a checkpoint after every update, which no file may ask for
    w->experiment->checkpoint_seconds = 0;
    sl_file_sha256(text, sizeof text - 1, w->hash);
    (void)snprintf(w->endpoint, sizeof w->endpoint, "tcp://127.0.0.1:*");
}

void world_destroy(world *w) {
    sl_experiment_destroy(&w->experiment);
    sl_temp_folder_remove(&w->folder);
}

bool world_has_checkpoint(const world *w, int n) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/checkpoints/checkpoint-%d.safetensors", w->folder.path, n);
    return access(path, F_OK) == 0;
}

static sl_server *open_server(world *w) {
    sl_server *server = NULL;
    sl_coordinator_def def = {.experiment = w->experiment, .run = w->folder.path};
    memcpy(def.config_hash, w->hash, sizeof def.config_hash);
    sl_link_def link = sl_link_learn_def(w->endpoint);
    assert_int_equal(sl_server_open(&link, &def, NULL, &server), SL_OK);
    return server;
}

static volatile sig_atomic_t stop;

void world_interrupt(int signal_number) {
    (void)signal_number;
    stop = 1;
}

/* The coordinator's thread, which also does the mischief. */
static void *coordinate(void *context) {
    world *w = context;
    sl_server *server = open_server(w);
    while (!atomic_load(&w->done)) {
        bool finished = false;
        if (sl_server_step(server, 10, &finished) != SL_OK) break;
        int next = w->n_replaced < 4 ? w->plan.replace[w->n_replaced] : 0;
        if (next && world_has_checkpoint(w, next)) {
            w->n_replaced++;
            sl_server_close(&server);
            server = open_server(w);
        }
        next = w->n_stopped < 4 ? w->plan.stop[w->n_stopped] : 0;
        if (next && world_has_checkpoint(w, next)) {
            w->n_stopped++;
            assert_int_equal(pthread_kill(w->trainer, SIGUSR1), 0);
        }
    }
    sl_server_close(&server);
    return NULL;
}

static void cut_newest(const world *w) {
    for (int n = 200; n > 0; n--) {
        if (!world_has_checkpoint(w, n)) continue;
        char path[512];
        (void)snprintf(path, sizeof path, "%s/checkpoints/checkpoint-%d.safetensors", w->folder.path, n);
        assert_int_equal(truncate(path, 1000), 0);
        return;
    }
    fail_msg("no checkpoint to cut");
}

static void say(const world *w, sl_transport *line, sl_learn_codec *codec, sl_learn_kind kind, const char *hash) {
    static const float numbers[6] = {1, 2, 3, 4, 5, 6};
    sl_learn_message message = {.kind = kind, .run_id = 4711, .request_id = 1, .version = 1, .n_episodes = 1};
    (void)snprintf(message.config_hash, sizeof message.config_hash, "%s", hash);
    message.value_std = 1;
    message.policy = SL_POLICY_RANDOM;
    if (kind == SL_LEARN_BATCH) sl_learn_add(&message, SL_TENSOR_ADVANTAGE, numbers, SL_SHAPE(6));
    sl_status status = sl_learn_send(codec, line, NULL, &message);
    if (status != SL_OK && status != SL_FULL && !atomic_load(&w->done)) fail_msg("a pest cannot speak");
}

/* A thread that says to the trainer, without a pause, noise, cut messages and what only its coordinator may say. */
static void *pester(void *context) {
    world *w = context;
    sl_link_def def = sl_link_learn_def(NULL);
    sl_transport *line = NULL;
    sl_learn_codec *codec = NULL;
    sl_rng rng = sl_rng_seed(9);
    def.send_wait_ms = 10, def.linger_ms = 0;
    assert_int_equal(connect_to(w->endpoint, def, &line), SL_OK);
    assert_int_equal(sl_learn_codec_create(&codec), SL_OK);
    while (!atomic_load(&w->done)) {
        uint8_t noise[256];
        for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)sl_rng_below(&rng, 256);
        // every other one with a head that is right
        if (noise[0] % 2) memcpy(noise, "SLLN\1\0", 6);
        sl_frame frames[SL_MAX_FRAMES];
        for (int i = 0; i < SL_MAX_FRAMES; i++) frames[i] = (sl_frame){noise, sl_rng_below(&rng, sizeof noise)};
        sl_status status = sl_transport_send(line, NULL, 1 + (int)sl_rng_below(&rng, SL_MAX_FRAMES), frames);
        assert_true(status == SL_OK || status == SL_FULL);
        // of another experiment; and answers to what nobody asked of it
        say(w, line, codec, SL_LEARN_HELLO, "0000000000000000000000000000000000000000000000000000000000000000");
        say(w, line, codec, SL_LEARN_BATCH, w->hash);
        say(w, line, codec, SL_LEARN_DONE, w->hash);
        say(w, line, codec, SL_LEARN_PROGRESS, w->hash);
        say(w, line, codec, SL_LEARN_STOP, w->hash);
        sl_message received;
        while (sl_transport_receive(line, 0, &received) == SL_OK) w->n_told++;
    }
    sl_transport_close(&line);
    sl_learn_codec_destroy(&codec);
    return NULL;
}

sl_status world_train(world *w, bool resume, pthread_t *coordinator, bool *started) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/experiment.yaml", w->folder.path);
    sl_training_def def = {w->experiment, path, w->folder.path, sl_link_learn_def(w->endpoint), 60000, &stop, NULL};
    sl_training *training = NULL;
    assert_int_equal(sl_training_open(&def, &training), SL_OK);
    if (!*started) {
        // the port that was picked is kept for the next training
        (void)snprintf(w->endpoint, sizeof w->endpoint, "%s", sl_learn_client_endpoint(training->client));
        assert_int_equal(pthread_create(coordinator, NULL, coordinate, w), 0);
    }
    if (!*started && w->plan.pests)
        for (int i = 0; i < N_PESTS; i++) assert_int_equal(pthread_create(&w->pests[i], NULL, pester, w), 0);
    *started = true;
    sl_status status = sl_stages_run(training, resume);
    sl_training_close(&training);
    return status;
}

static void world_run_from(world *w, bool resume) {
    pthread_t coordinator;
    bool started = false;
    sl_status status = world_train(w, resume, &coordinator, &started);
    while (status == SL_INTERRUPTED) {
        stop = 0;
        if (w->plan.damage) cut_newest(w);
        status = world_train(w, true, &coordinator, &started);
    }
    atomic_store(&w->done, true);
    assert_int_equal(pthread_join(coordinator, NULL), 0);
    if (w->plan.pests)
        for (int i = 0; i < N_PESTS; i++) assert_int_equal(pthread_join(w->pests[i], NULL), 0);
    if (status != SL_OK) fail_msg("%s", sl_error_what());
}

void world_run(world *w) {
    world_run_from(w, false);
}

void world_finish(world *w, const plan *p, const char *set) {
    world_create(w, p, set);
    world_run(w);
}

void world_run_on(world *w, const plan *p) {
    w->plan = *p;
    w->n_replaced = w->n_stopped = 0;
    atomic_store(&w->done, false);
    world_run_from(w, true);
}

void world_digest(const world *w, const char *name, char out[65]) {
    uint8_t *bytes = NULL;
    size_t n = 0;
    assert_int_equal(sl_file_read(sl_temp_folder_file(&w->folder, name), 1 << 24, &bytes, &n), SL_OK);
    if (strstr(name, ".csv")) {
        size_t kept = 0, line = 0;
        for (size_t k = 0; k < n; k++) {
            bytes[kept++] = bytes[k];
            if (bytes[k] != '\n') continue;
            for (int commas = 0; commas < 4; kept--) commas += bytes[kept - 1] == ',';
            line = kept;
        }
        n = line;
    }
    sl_file_sha256(bytes, n, out);
    sl_free(bytes);
}
