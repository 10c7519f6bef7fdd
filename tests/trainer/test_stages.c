/* test_stages.c - whole small runs over tcp, trainer and coordinator in one process: the coordinator is replaced, the
 * trainer is stopped and its newest checkpoint damaged, and the end is the same, byte for byte. */
#include "nn/policy.h"
#include "support/links.h"
#include "trainer/stages.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "coordinator/serve.h"
#include "storage/file.h"
#include "support/temp_folder.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

enum { N_PESTS = 2 };

/* What goes wrong, by the number of the newest checkpoint. */
typedef struct plan {
    int replace[4]; /* the coordinator is replaced when there are that many; 0 = no more */
    int stop[4];    /* the trainer is asked to stop */
    bool damage;    /* its newest checkpoint is cut then */
    bool pests;     /* strangers talk to the trainer and never stop */
} plan;

typedef struct world {
    sl_temp_folder folder;
    sl_experiment *experiment;
    char endpoint[64], hash[65];
    pthread_t trainer, pests[N_PESTS];
    plan plan;
    atomic_bool done;
    int n_replaced, n_stopped;
    atomic_int n_told; /* answers that strangers got */
} world;

/* set: one more setting, "method=direct", or NULL. */
static void create(world *w, const plan *p, const char *set) {
    *w = (world){.folder = sl_temp_folder_create(), .trainer = pthread_self(), .plan = *p};
    const char *path = sl_temp_folder_file(&w->folder, "experiment.yaml");
    assert_int_equal(sl_file_replace(path, text, sizeof text - 1), SL_OK);
    assert_int_equal(sl_experiment_load(path, &set, set ? 1 : 0, &w->experiment), SL_OK);
    // a checkpoint after every update, which no file may ask for
    w->experiment->checkpoint_seconds = 0;
    sl_file_sha256(text, sizeof text - 1, w->hash);
    (void)snprintf(w->endpoint, sizeof w->endpoint, "tcp://127.0.0.1:*");
}

static void destroy(world *w) {
    sl_experiment_destroy(&w->experiment);
    sl_temp_folder_remove(&w->folder);
}

static bool has_checkpoint(const world *w, int n) {
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

static void on_signal(int signal_number) {
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
        if (next && has_checkpoint(w, next)) {
            w->n_replaced++;
            sl_server_close(&server);
            server = open_server(w);
        }
        next = w->n_stopped < 4 ? w->plan.stop[w->n_stopped] : 0;
        if (next && has_checkpoint(w, next)) {
            w->n_stopped++;
            assert_int_equal(pthread_kill(w->trainer, SIGUSR1), 0);
        }
    }
    sl_server_close(&server);
    return NULL;
}

static void cut_newest(const world *w) {
    for (int n = 200; n > 0; n--) {
        if (!has_checkpoint(w, n)) continue;
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

static sl_status train(world *w, bool resume, pthread_t *coordinator, bool *started) {
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

static void run_from(world *w, bool resume) {
    pthread_t coordinator;
    bool started = false;
    sl_status status = train(w, resume, &coordinator, &started);
    while (status == SL_INTERRUPTED) {
        stop = 0;
        if (w->plan.damage) cut_newest(w);
        status = train(w, true, &coordinator, &started);
    }
    atomic_store(&w->done, true);
    assert_int_equal(pthread_join(coordinator, NULL), 0);
    if (w->plan.pests)
        for (int i = 0; i < N_PESTS; i++) assert_int_equal(pthread_join(w->pests[i], NULL), 0);
    if (status != SL_OK) fail_msg("%s", sl_error_what());
}

static void run(world *w) {
    run_from(w, false);
}

static const plan calm;

/* A world whose run is finished. */
static void finish(world *w, const plan *p, const char *set) {
    create(w, p, set);
    run(w);
}

/* Of a finished world, whose experiment asks for more now. */
static void run_on(world *w, const plan *p) {
    w->plan = *p;
    w->n_replaced = w->n_stopped = 0;
    atomic_store(&w->done, false);
    run_from(w, true);
}

/* A file's digest; of a CSV without its last two columns, which are seconds. */
static void digest(const world *w, const char *name, char out[65]) {
    uint8_t *bytes = NULL;
    size_t n = 0;
    assert_int_equal(sl_file_read(sl_temp_folder_file(&w->folder, name), 1 << 24, &bytes, &n), SL_OK);
    if (strstr(name, ".csv")) {
        size_t kept = 0, line = 0;
        for (size_t k = 0; k < n; k++) {
            bytes[kept++] = bytes[k];
            if (bytes[k] != '\n') continue;
            for (int commas = 0; commas < 2; kept--) commas += bytes[kept - 1] == ',';
            line = kept;
        }
        n = line;
    }
    sl_file_sha256(bytes, n, out);
    sl_free(bytes);
}

static const char *const kd_files[] = {"teacher.safetensors",          "students/agent-0.safetensors",
                                       "students/agent-1.safetensors", "students/agent-2.safetensors",
                                       "metrics/teacher.csv",          "metrics/distill.csv"};
static char reference[6][65];

static void assert_same_as_reference(const world *w) {
    for (int k = 0; k < 6; k++) {
        char text_of[65];
        digest(w, kd_files[k], text_of);
        assert_string_equal(text_of, reference[k]);
    }
}

static char *read_text(const char *path) {
    uint8_t *bytes = NULL;
    size_t n = 0;
    assert_int_equal(sl_file_read(path, 1 << 20, &bytes, &n), SL_OK);
    return (char *)bytes;
}

static void an_undisturbed_run_leaves_its_files(void **state) {
    (void)state;
    world w;
    finish(&w, &calm, NULL);
    for (int k = 0; k < 6; k++) digest(&w, kd_files[k], reference[k]);
    sl_policy teacher = {0}, student = {0};
    assert_int_equal(sl_policy_load(sl_temp_folder_file(&w.folder, "teacher.safetensors"), &teacher), SL_OK);
    assert_true(teacher.has_critic);
    assert_int_equal(teacher.profile.agent, -1);
    assert_int_equal(sl_policy_load(sl_temp_folder_file(&w.folder, "students/agent-2.safetensors"), &student), SL_OK);
    assert_string_equal(student.profile.kind, "student");
    assert_string_equal(student.profile.mask, "random 8-10");
    assert_int_equal(student.def.hidden, 32);
    sl_policy_fini(&teacher);
    sl_policy_fini(&student);
    // what is finished stays as it is
    pthread_t none;
    bool started = true;
    assert_int_equal(train(&w, true, &none, &started), SL_OK);
    assert_same_as_reference(&w);
    destroy(&w);
}

static void expect_same(const plan *p, int n_disturbed) {
    world w;
    finish(&w, p, NULL);
    assert_int_equal(w.n_replaced + w.n_stopped, n_disturbed);
    assert_same_as_reference(&w);
    destroy(&w);
}

static void a_replaced_coordinator_changes_nothing(void **state) {
    (void)state;
    expect_same(&(plan){.replace = {1, 5, 12, 19}}, 4);
}

static void a_stopped_trainer_goes_on_where_it_was(void **state) {
    (void)state;
    expect_same(&(plan){.stop = {3, 9, 16}}, 3);
}

static void all_at_once(void **state) {
    (void)state;
    expect_same(&(plan){{2, 15}, {4, 14}, true, false}, 4);
}

static void strangers_change_nothing(void **state) {
    (void)state;
    world w;
    finish(&w, &(plan){.pests = true}, NULL);
    assert_same_as_reference(&w);
    // those of another experiment were told so
    assert_true(atomic_load(&w.n_told) > 0);
    destroy(&w);
}

static void students_learn_by_themselves_with_method_direct(void **state) {
    (void)state;
    char first[65] = "", second[65];
    for (int k = 0; k < 2; k++) {
        world w;
        finish(&w, &(plan){{k ? 3 : 0}, {k ? 6 : 0}, false, false}, "method=direct");
        digest(&w, "students/agent-1.safetensors", second);
        if (k == 0) memcpy(first, second, sizeof first);
        assert_string_equal(second, first);
        assert_int_not_equal(access(sl_temp_folder_file(&w.folder, "teacher.safetensors"), F_OK), 0);
        destroy(&w);
    }
}

static void a_teacher_of_another_run_is_taken(void **state) {
    (void)state;
    world giver, taker;
    finish(&giver, &calm, NULL);
    char from[512];
    (void)snprintf(from, sizeof from, "teacher.from=%s", giver.folder.path);
    finish(&taker, &calm, from);
    char a[65], b[65];
    digest(&giver, "teacher.safetensors", a);
    digest(&taker, "teacher.safetensors", b);
    assert_string_equal(a, b);
    digest(&taker, "students/agent-1.safetensors", a);
    assert_string_equal(a, reference[2]);
    destroy(&giver);
    destroy(&taker);
}

static void load_teacher(const world *w, sl_policy *out) {
    *out = (sl_policy){0};
    assert_int_equal(sl_policy_load(sl_temp_folder_file(&w->folder, "teacher.safetensors"), out), SL_OK);
}

static double furthest(size_t n, const float *a, const float *b) {
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs((double)a[i] - (double)b[i]));
    return most;
}

/* With steps of no length the teacher that a run ends with is the one that it started from, value statistics and
 * all; with the usual ones it goes on from there, also when it is interrupted. */
static void training_starts_from_a_teacher(void **state) {
    (void)state;
    world giver, taker;
    sl_policy old, new;
    char from[512], digests[2][65];
    finish(&giver, &calm, NULL);
    load_teacher(&giver, &old);
    size_t n = sl_net_n_params(&old.def), n_critic = sl_net_n_params(&old.critic_def);
    for (int k = 0; k < 4; k++) {
        (void)snprintf(from, sizeof from, "teacher.init=%s%s", giver.folder.path,
                       k % 2 ? "/teacher.safetensors" : "");
        create(&taker, &(plan){{k == 3 ? 2 : 0}, {k == 3 ? 4 : 0}, false, false}, k == 1 ? NULL : from);
        // another seed's random weights are somewhere else
        taker.experiment->seed = 5;
        if (k < 2) taker.experiment->teacher.ppo.lr = taker.experiment->teacher.ppo.lr_final = 1e-12;
        run(&taker);
        load_teacher(&taker, &new);
        double actor = furthest(n, old.params, new.params),
               critic = furthest(n_critic, old.critic_params, new.critic_params);
        if (k == 0) assert_true(actor < 1e-6 && critic < 1e-6);
        if (k == 1) assert_true(actor > 0.1 && critic > 0.1);
        if (k > 1) assert_true(actor > 1e-4 && critic > 1e-4 && actor < 0.1 && critic < 0.1);
        // ten batches among a thousand hardly move what is expected of the values
        double moved = fabs(new.value_mean - old.value_mean) / old.value_std;
        if (k != 1) assert_true(moved < 0.1 && fabs(new.value_std / old.value_std - 1) < 0.1);
        if (k > 1) digest(&taker, "teacher.safetensors", digests[k - 2]);
        sl_policy_fini(&new);
        destroy(&taker);
    }
    assert_string_equal(digests[0], digests[1]);
    sl_policy_fini(&old);
    destroy(&giver);
}

// runs a trainer that refuses the teacher that it should start from
static void expect_refusal(world *w, sl_status wanted, const char *words) {
    pthread_t coordinator;
    bool started = false;
    assert_int_equal(train(w, false, &coordinator, &started), wanted);
    if (!strstr(sl_error_what(), words)) fail_msg("'%s' is not in '%s'", words, sl_error_what());
    atomic_store(&w->done, true);
    assert_int_equal(pthread_join(coordinator, NULL), 0);
    destroy(w);
}

static void a_teacher_that_does_not_fit_is_refused(void **state) {
    (void)state;
    world giver, taker;
    char from[512];
    finish(&giver, &calm, NULL);
    (void)snprintf(from, sizeof from, "teacher.init=%s", giver.folder.path);
    create(&taker, &calm, from);
    taker.experiment->teacher.actor.hidden = 32;
    expect_refusal(&taker, SL_MISMATCH, "is of another shape");
    create(&taker, &calm, from);
    taker.experiment->teacher.agent_id = false;
    expect_refusal(&taker, SL_MISMATCH, "is of another shape");
    create(&taker, &calm, from);
    taker.experiment->teacher.ppo.value_norm = false;
    expect_refusal(&taker, SL_MISMATCH, "was trained with value_norm");
    create(&taker, &calm, "teacher.init=/nonexistent");
    expect_refusal(&taker, SL_NOT_FOUND, "/nonexistent");
    // a critic of the sum says three times what one of the mean does, in a network of the same shape
    (void)snprintf(from, sizeof from, "teacher.from=%s", giver.folder.path);
    create(&taker, &calm, from);
    taker.experiment->teacher.ppo.reward = SL_EXP_MEAN;
    expect_refusal(&taker, SL_MISMATCH, "learned from the reward 'sum', this experiment's from 'mean'");
    destroy(&giver);
}

static int newest_checkpoint(const world *w) {
    int n = 200;
    while (n > 0 && !has_checkpoint(w, n)) n--;
    return n;
}

/* Half the steps, and then the other half: the run is that of all steps from the start, whatever happens meanwhile.
 */
static void a_finished_teacher_goes_on(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        world w;
        finish(&w, &calm, "teacher.ppo.total_steps=960");
        int n = newest_checkpoint(&w);
        char half[65];
        digest(&w, "teacher.safetensors", half);
        assert_string_not_equal(half, reference[0]);
        w.experiment->teacher.ppo.total_steps = 1920;
        plan p = {0};
        if (k == 1) p = (plan){{n + 3, n + 9}, {n + 1, n + 4, n + 12}, k, false};
        run_on(&w, &p);
        if (k == 1) assert_int_equal(w.n_replaced + w.n_stopped, 5);
        assert_same_as_reference(&w);
        destroy(&w);
    }
}

static void finished_students_go_on(void **state) {
    (void)state;
    char wanted[6][65], got[65];
    for (int k = 0; k < 3; k++) {
        world w;
        create(&w, &calm, NULL);
        w.experiment->distill.lr_final = w.experiment->distill.lr;
        w.experiment->distill.source = SL_EXP_SOURCE_EXPERT;
        if (k > 0) w.experiment->distill.updates = 5;
        run(&w);
        int n = newest_checkpoint(&w);
        w.experiment->distill.updates = 12;
        plan p = {0};
        if (k == 2) p = (plan){{n + 2}, {n + 1, n + 4}, false, false};
        if (k > 0) run_on(&w, &p);
        if (k == 2) assert_int_equal(w.n_replaced + w.n_stopped, 3);
        for (int i = 0; i < 6; i++) {
            digest(&w, kd_files[i], k ? got : wanted[i]);
            if (k) assert_string_equal(got, wanted[i]);
        }
        destroy(&w);
    }
}

static void direct_training_goes_on(void **state) {
    (void)state;
    char wanted[65], got[65];
    for (int k = 0; k < 2; k++) {
        world w;
        create(&w, &calm, "method=direct");
        if (k) w.experiment->teacher.ppo.total_steps = 960;
        run(&w);
        w.experiment->teacher.ppo.total_steps = 1920;
        if (k) run_on(&w, &(plan){{0}, {newest_checkpoint(&w) + 2}, false, false});
        digest(&w, "students/agent-1.safetensors", k ? got : wanted);
        destroy(&w);
    }
    assert_string_equal(got, wanted);
}

// the named column of a row of a metrics file
static double field_of(const char *csv, int row, const char *name) {
    int column = -1;
    size_t n = strcspn(csv, "\n");
    const char *at = csv;
    for (int k = 0; at < csv + n; k++, at += strcspn(at, ",\n") + 1)
        if (strncmp(at, name, strlen(name)) == 0 && strcspn(at, ",\n") == strlen(name)) column = k;
    assert_true(column >= 0);
    at = csv;
    for (int r = 0; r < row; r++) at = strchr(at, '\n') + 1;
    for (int k = 0; k < column; k++) at = strchr(at, ',') + 1;
    return strtod(at, NULL);
}

/* Three marines beside one: some are won in ten steps, and a won battle returns 20. */
static void what_is_won_is_in_the_metrics(void **state) {
    (void)state;
    static const char map[] = "{\"step_limit\": 30, \"width\": 32, \"height\": 32, \"goal\": [9, 16],\n"
                              " \"allies\": [{\"at\": [12, 16], \"units\": {\"marine\": 3}}],\n"
                              " \"enemies\": [{\"at\": [16, 16], \"units\": {\"marine\": 1}}]}\n";
    sl_temp_folder folder = sl_temp_folder_create();
    char name[512];
    (void)snprintf(name, sizeof name, "env.name=combat/%s", sl_temp_folder_file(&folder, "map.json"));
    assert_int_equal(sl_file_replace(sl_temp_folder_file(&folder, "map.json"), map, sizeof map - 1), SL_OK);
    world w;
    finish(&w, &(plan){{3}, {6}, false, false}, name);
    char *csv = read_text(sl_temp_folder_file(&w.folder, "metrics/teacher.csv"));
    double sum = 0;
    for (int row = 1; row <= 10; row++) {
        double won = field_of(csv, row, "won"), mean = field_of(csv, row, "return");
        double length = field_of(csv, row, "episode_length");
        // whoever does not win earns less than 4
        assert_true(mean >= 20 * won - 1e-6 && mean < 20 * won + 4 * (1 - won) + 1e-6);
        assert_true(length > 2 && length <= 10);
        sum += won;
    }
    assert_true(sum > 0.1 && sum < 9);
    sl_free(csv);
    csv = read_text(sl_temp_folder_file(&w.folder, "metrics/distill.csv"));
    sum = 0;
    for (int row = 1; row <= 12; row++) {
        double won = field_of(csv, row, "won"), mean = field_of(csv, row, "return");
        assert_true(mean >= 20 * won - 1e-4 && mean < 20 * won + 4 * (1 - won) + 1e-4);
        sum += won;
    }
    assert_true(sum > 0.1 && sum < 11);
    sl_free(csv);
    destroy(&w);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    sl_log_init("test", SL_LOG_ERROR, false);
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGUSR1, &action, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_undisturbed_run_leaves_its_files),
        cmocka_unit_test(a_replaced_coordinator_changes_nothing),
        cmocka_unit_test(a_stopped_trainer_goes_on_where_it_was),
        cmocka_unit_test(all_at_once),
        cmocka_unit_test(strangers_change_nothing),
        cmocka_unit_test(students_learn_by_themselves_with_method_direct),
        cmocka_unit_test(a_teacher_of_another_run_is_taken),
        cmocka_unit_test(a_finished_teacher_goes_on),
        cmocka_unit_test(finished_students_go_on),
        cmocka_unit_test(direct_training_goes_on),
        cmocka_unit_test(training_starts_from_a_teacher),
        cmocka_unit_test(a_teacher_that_does_not_fit_is_refused),
        cmocka_unit_test(what_is_won_is_in_the_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
