/* test_stage.c - a stage drives a learner that it has never seen, on made-up batches: rows, columns, checkpoints, and
 * the same end after a stop. */
#include "trainer/stage.h"

#include "common/alloc.h"
#include "common/log.h"
#include "storage/file.h"
#include "support/temp_folder.h"
#include "trainer/checkpoint.h"
#include "trainer/synthetic.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static const sl_metric before[] = {
    SL_METRIC("env_steps", sl_stage_row, env_steps, SL_METRIC_COUNTER, "steps", "so far"),
    SL_METRIC("return", sl_stage_row, mean_return, SL_METRIC_GAUGE, "", "mean of the episodes"),
    SL_METRIC("won", sl_stage_row, won, SL_METRIC_GAUGE, "", "the share that was won"),
};
static const sl_metric after[] = {
    SL_METRIC("episodes", sl_stage_row, episodes, SL_METRIC_GAUGE, "episodes", "that ended"),
};

enum { MAX_BEGUN = 8 };
typedef struct world {
    sl_temp_folder folder;
    sl_synthetic data;
    sl_training training;
    sl_stage_def def;
    volatile sig_atomic_t stop;
    sl_learn_message answer;
    int stop_at, n_starts, n_saves; /* the update that is the last before a stop; 0 = none */
    int n_chosen, n_begun, n_outstanding;
    float begun[MAX_BEGUN]; /* the toy's weight, as each batch was asked for with it */
    double weight;          /* at the end */
} world;

static int64_t choose(sl_stage *stage, int64_t n) {
    world *w = stage->def->context;
    // each batch once, in order; with a lag while the one before it is still to be learned
    assert_int_equal(n, w->n_chosen++);
    assert_int_equal(n - stage->update, n > 0 ? stage->def->max_lag : 0);
    return n % 2;
}

// what the coordinator is told: the parameters as they were when the batch was decided
static sl_status begin(sl_stage *stage) {
    world *w = stage->def->context;
    const sl_learn_message *request = &stage->asked.request;
    sl_stage_add_params(stage);
    assert_true(request->want_snapshot && request->n_tensors == 1);
    assert_int_equal(request->version, stage->asked.version);
    assert_int_equal(w->n_outstanding++, 0);
    assert_true(w->n_begun < MAX_BEGUN);
    w->begun[w->n_begun++] = *(const float *)request->tensors[0].data;
    return SL_OK;
}

static sl_status take(sl_stage *stage, const sl_learn_message **answer) {
    static const double returns[] = {1, 2, 3};
    static const uint8_t won[] = {1};
    world *w = stage->def->context;
    assert_int_equal(--w->n_outstanding, 0);
    assert_int_equal(stage->update - stage->asked.version, stage->update > 0 ? stage->def->max_lag : 0);
    sl_synthetic_message(&w->data, &w->answer);
    w->answer.version = stage->asked.version;
    w->answer.worked_ns = 1;
    sl_learn_add(&w->answer, SL_TENSOR_SNAPSHOT, "state", SL_SHAPE(5));
    // one episode ends in every other batch
    if (stage->asked.source == 1) {
        sl_learn_add(&w->answer, SL_TENSOR_EPISODE_RETURN, returns, SL_SHAPE(1, 3));
        sl_learn_add(&w->answer, SL_TENSOR_EPISODE_WON, won, SL_SHAPE(1));
    }
    if (w->stop_at && stage->update + 1 == w->stop_at) w->stop = 1;
    *answer = &w->answer;
    return SL_OK;
}

static sl_status start(sl_stage *stage) {
    ((world *)stage->def->context)->n_starts++;
    return SL_OK;
}

static sl_status save(const sl_stage *stage, sl_tensors *file) {
    const int64_t n = ++((world *)stage->def->context)->n_saves;
    return sl_tensors_add(file, "n_saves", SL_I64, 0, NULL, &n);
}

static sl_status load(sl_stage *stage, const sl_tensors *file) {
    const sl_tensor *n;
    SL_TRY(sl_tensors_find(file, "n_saves", SL_I64, 1, &n));
    ((world *)stage->def->context)->n_saves = (int)*(const int64_t *)n->data;
    return SL_OK;
}

static sl_status finish(sl_stage *stage, const sl_learn_message *answer) {
    world *w = stage->def->context;
    sl_tensors *file = NULL;
    w->weight = (double)*stage->learner->class->get_params(stage->learner).actor;
    SL_TRY(sl_stage_save(stage, "done", answer, &file));
    return sl_training_checkpoint(stage->training, &file);
}

static void create(world *w, bool can_win, int max_lag) {
    *w = (world){.folder = sl_temp_folder_create()};
    sl_synthetic_def def = sl_synthetic_default_def();
    sl_synthetic_init(&w->data, &def);
    w->data.setup.spec.can_win = can_win;
    sl_training *t = &w->training;
    t->experiment = &w->data.experiment;
    t->setup = &w->data.setup;
    t->run = w->folder.path;
    t->stop = &w->stop;
    memcpy(t->task_hash, hash, sizeof t->task_hash);
    assert_int_equal(sl_pool_create(1, &t->pool), SL_OK);
    w->def = (sl_stage_def){.name = "play",
                            .learner = "toy",
                            .unit = "steps",
                            .before = SL_METRIC_TABLE(before),
                            .after = SL_METRIC_TABLE(after),
                            .n_updates = 4,
                            .unit_per_update = 30,
                            .max_lag = max_lag,
                            .choose = choose,
                            .begin = begin,
                            .take = take,
                            .finish = finish,
                            .start = start,
                            .save = save,
                            .load = load,
                            .context = w};
}

static void destroy(world *w) {
    sl_pool_destroy(&w->training.pool);
    sl_synthetic_fini(&w->data);
    sl_temp_folder_remove(&w->folder);
}

static void read_csv(const world *w, char text[1024]) {
    uint8_t *bytes = NULL;
    size_t n = 0;
    assert_int_equal(sl_file_read(sl_temp_folder_file(&w->folder, "metrics/play.csv"), 1023, &bytes, &n), SL_OK);
    memcpy(text, bytes, n + 1);
    sl_free(bytes);
}

// the lines of a CSV file have these first fields
static void assert_starts(const char *text, int n, const char *const *starts) {
    for (int k = 0; k < n; k++) {
        if (strncmp(text, starts[k], strlen(starts[k])) != 0) fail_msg("'%s' does not start '%s'", text, starts[k]);
        text = strchr(text, '\n') + 1;
    }
    assert_int_equal(*text, '\0');
}

static void rows_are_the_stages_and_the_learners_numbers(void **state) {
    (void)state;
    static const char *const without[] = {"update,env_steps,return,weight,progress,n_updates,episodes\n", "1,30,,",
                                          "2,60,6,", "3,90,,", "4,120,6,"};
    static const char *const with[] = {"update,env_steps,return,won,weight,progress,n_updates,episodes\n", "1,30,,,",
                                       "2,60,6,1,", "3,90,,,", "4,120,6,1,"};
    for (int can_win = 0; can_win < 2; can_win++) {
        world w;
        char text[1024];
        create(&w, can_win, 1);
        assert_int_equal(sl_stage_run(&w.def, &w.training, NULL), SL_OK);
        read_csv(&w, text);
        assert_starts(text, 5, can_win ? with : without);
        assert_non_null(strstr(text, ",0.25,2,1\n"));
        assert_non_null(strstr(text, ",0.75,4,1\n"));
        assert_int_equal(w.n_starts, 1);
        assert_int_equal(w.n_saves, 4);
        destroy(&w);
    }
}

// batch n is made with the parameters that have seen n updates, or with a lag one less; nobody asks for one too many
static void a_batch_is_asked_for_in_time(void **state) {
    (void)state;
    world turns, lagging;
    create(&turns, true, 0);
    create(&lagging, true, 1);
    assert_int_equal(sl_stage_run(&turns.def, &turns.training, NULL), SL_OK);
    assert_int_equal(sl_stage_run(&lagging.def, &lagging.training, NULL), SL_OK);
    assert_true(turns.n_begun == 4 && lagging.n_begun == 4);
    assert_true(turns.n_outstanding == 0 && lagging.n_outstanding == 0);
    assert_true(lagging.begun[0] == turns.begun[0]);
    for (int n = 1; n < 4; n++) {
        assert_true(turns.begun[n] != turns.begun[n - 1]);
        assert_true(lagging.begun[n] == turns.begun[n - 1]);
    }
    destroy(&turns);
    destroy(&lagging);
}

// resumed, it asks for what was asked for already, with the parameters of then
static void a_stopped_stage_ends_the_same(void **state) {
    (void)state;
    for (int lag = 0; lag < 2; lag++) {
        world whole, w;
        char texts[2][1024];
        create(&whole, true, lag);
        assert_int_equal(sl_stage_run(&whole.def, &whole.training, NULL), SL_OK);
        create(&w, true, lag);
        w.stop_at = 2;
        assert_int_equal(sl_stage_run(&w.def, &w.training, NULL), SL_INTERRUPTED);
        assert_int_equal(w.n_begun, 3);
        w.stop = 0;
        w.n_saves = w.n_outstanding = 0;
        sl_tensors *checkpoint = NULL;
        int64_t n = 0;
        assert_int_equal(sl_checkpoint_load(w.folder.path, hash, &n, &checkpoint), SL_OK);
        assert_int_equal(n, 2);
        assert_string_equal(sl_tensors_meta(checkpoint, "stage"), "play");
        assert_int_equal(sl_stage_run(&w.def, &w.training, checkpoint), SL_OK);
        sl_tensors_destroy(&checkpoint);
        read_csv(&whole, texts[0]);
        read_csv(&w, texts[1]);
        assert_string_equal(texts[1], texts[0]);
        assert_true(w.weight == whole.weight && w.weight != 0);
        assert_int_equal(w.n_begun, 5);
        assert_true(w.begun[3] == w.begun[2] && w.begun[2] == whole.begun[2] && w.begun[4] == whole.begun[3]);
        // the one before the first update was begun once
        assert_int_equal(w.n_starts, 1);
        assert_int_equal(w.n_saves, 4);
        assert_int_equal(sl_checkpoint_load(w.folder.path, hash, &n, &checkpoint), SL_OK);
        assert_string_equal(sl_tensors_meta(checkpoint, "stage"), "done");
        sl_tensors_destroy(&checkpoint);
        destroy(&whole);
        destroy(&w);
    }
}

// what the stage before it left holds nothing of this one
static void a_stage_begins_with_the_end_of_the_one_before(void **state) {
    (void)state;
    world w;
    sl_tensors *checkpoint = NULL;
    create(&w, false, 1);
    const sl_learn_message *answer = NULL;
    sl_stage stage = {.def = &w.def, .training = &w.training};
    sl_learner_def learner = {&w.data.setup, w.training.pool, 0};
    assert_int_equal(sl_learner_create("toy", &learner, &stage.learner), SL_OK);
    sl_policy teacher = {0};
    assert_int_equal(sl_learner_start_from(stage.learner, &teacher), SL_CONFIG);
    assert_string_equal(sl_error_what(), "toy starts from no teacher");
    w.n_outstanding = 1;
    assert_int_equal(take(&stage, &answer), SL_OK);
    sl_learner_destroy(&stage.learner);
    assert_int_equal(sl_checkpoint_begin("play", 0, answer, &checkpoint), SL_OK);
    assert_int_equal(sl_stage_run(&w.def, &w.training, checkpoint), SL_OK);
    assert_int_equal(w.n_starts, 1);
    sl_tensors_destroy(&checkpoint);
    destroy(&w);
}

int main(void) {
    sl_log_init("test", SL_LOG_ERROR, false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_the_stages_and_the_learners_numbers),
        cmocka_unit_test(a_batch_is_asked_for_in_time),
        cmocka_unit_test(a_stopped_stage_ends_the_same),
        cmocka_unit_test(a_stage_begins_with_the_end_of_the_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
