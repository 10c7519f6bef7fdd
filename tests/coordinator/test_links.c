/* test_links.c - evaluations under the links that a request names: what is answered, and what is refused. */
#include "common/metric.h"
#include "coordinator/coordinator.h"
#include "links/team.h"
#include "rollout/example.h"
#include "rollout/policy_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { E = 20, N = 3, LENGTH = 25 };

typedef struct world {
    example x;
    sl_temp_folder folder;
    sl_coordinator *coordinator;
    float *params;
    int64_t n[2]; /* of the teacher and of the students */
} world;

static void open_world(world *w, char *delay, bool ages) {
    memset(w, 0, sizeof *w);
    example_init(&w->x);
    example_make_recurrent(&w->x);
    w->x.e.mask.age = ages;
    w->x.e.links.words.delay = delay;
    w->folder = sl_temp_folder_create();
    sl_coordinator_def def = {.experiment = &w->x.e, .run = w->folder.path};
    assert_int_equal(sl_coordinator_create(&def, &w->coordinator), SL_OK);
    const sl_setup *setup = sl_coordinator_setup(w->coordinator);
    sl_policy_set_def teacher = sl_policy_set_teacher_def(setup, 1), students = sl_policy_set_students_def(setup, 1);
    w->n[0] = (int64_t)sl_policy_set_def_n_params(&teacher);
    w->n[1] = (int64_t)sl_policy_set_def_n_params(&students);
    w->params = example_floats((size_t)(w->n[0] + w->n[1]), 5);
}

static void close_world(world *w) {
    sl_coordinator_destroy(&w->coordinator);
    sl_temp_folder_remove(&w->folder);
    sl_free(w->params);
}

static sl_learn_message request_of(const world *w, sl_policy_kind policy, const char *links) {
    sl_learn_message request = {
        .kind = SL_LEARN_EVALUATE, .policy = policy, .n_episodes = E, .seed = 3, .links = links};
    int k = policy == SL_POLICY_STUDENTS;
    if (policy <= SL_POLICY_STUDENTS)
        sl_learn_add(&request, SL_TENSOR_PARAMS, w->params + (k ? w->n[0] : 0), SL_SHAPE(w->n[k]));
    return request;
}

static void returns_of(world *w, const sl_learn_message *request, sl_learn_message *answer, double *out) {
    assert_int_equal(sl_coordinator_handle(w->coordinator, request, answer), SL_OK);
    memcpy(out, sl_learn_tensor(answer, SL_TENSOR_EPISODE_RETURN)->data, E * N * sizeof *out);
}

static int64_t count_of(const sl_learn_message *answer, const char *name) {
    const sl_wire_tensor *counts = sl_learn_tensor(answer, SL_TENSOR_LINK_COUNTS);
    assert_non_null(counts);
    assert_int_equal(counts->dims[0], sl_link_count_metrics.n);
    for (int i = 0; i < sl_link_count_metrics.n; i++)
        if (strcmp(sl_link_count_metrics.metrics[i].name, name) == 0) return ((const int64_t *)counts->data)[i];
    fail();
    return 0;
}

static const char none_text[] = "links:\n  execution: onboard\n";
static const char late_text[] = "links: {execution: onboard, delay: fixed 3 steps}\n";
static const char remote_text[] = "links: {execution: remote, delay: fixed 1 steps}\n";

static void test_links_of_the_request(void **state) {
    (void)state;
    static double fresh[E * N], late[E * N];
    sl_learn_message answer;
    for (int k = 0; k < 4; k++) {
        world w;
        open_world(&w, NULL, k / 2);
        sl_policy_kind policy = k % 2 ? SL_POLICY_TEACHER : SL_POLICY_STUDENTS;
        sl_learn_message request = request_of(&w, policy, NULL);
        returns_of(&w, &request, &answer, fresh);
        // nothing is late: nothing is told of links
        assert_null(sl_learn_tensor(&answer, SL_TENSOR_LINK_COUNTS));
        request.links = none_text;
        request.want_divergence = true;
        returns_of(&w, &request, &answer, late);
        assert_memory_equal(fresh, late, sizeof fresh);
        assert_int_equal(count_of(&answer, "compared"), E * LENGTH * N);
        assert_int_equal(count_of(&answer, "divergent"), 0);
        request.links = k % 2 ? remote_text : late_text;
        returns_of(&w, &request, &answer, late);
        assert_memory_not_equal(fresh, late, sizeof fresh);
        assert_in_range(count_of(&answer, "divergent"), 1, E * LENGTH * N);
        // on board two blocks that were told, remote an observation and an action back
        const sl_wire_tensor *ages = sl_learn_tensor(&answer, SL_TENSOR_LINK_AGES);
        assert_true(ages->n_dims == 2 && ages->dims[0] == 2 && ages->dims[1] == SL_LINKS_AGES);
        const int64_t *of = ages->data;
        assert_int_equal(of[k % 2 ? 1 : 3], k % 2 ? E * N * (LENGTH - 1) : E * N * 2 * (LENGTH - 3));
        if (k % 2) assert_int_equal(of[SL_LINKS_AGES + 2], E * N * (LENGTH - 2));
        close_world(&w);
    }
}

/* Without links of its own a request goes by the experiment's, of the students, not of a teacher that knew none. */
static void test_links_of_the_experiment(void **state) {
    (void)state;
    static double own[E * N], named[E * N], none[E * N];
    char delay[] = "fixed 3 steps";
    sl_learn_message answer;
    world w;
    open_world(&w, delay, false);
    sl_learn_message request = request_of(&w, SL_POLICY_STUDENTS, NULL);
    returns_of(&w, &request, &answer, own);
    assert_in_range(count_of(&answer, "sent"), 1, E * LENGTH * N * 2);
    request.links = late_text;
    returns_of(&w, &request, &answer, named);
    assert_memory_equal(own, named, sizeof own);
    request.links = none_text;
    returns_of(&w, &request, &answer, none);
    assert_memory_not_equal(own, none, sizeof own);
    request = request_of(&w, SL_POLICY_TEACHER, NULL);
    returns_of(&w, &request, &answer, own);
    assert_null(sl_learn_tensor(&answer, SL_TENSOR_LINK_COUNTS));
    request.links = none_text;
    returns_of(&w, &request, &answer, none);
    assert_memory_equal(own, none, sizeof own);
    close_world(&w);
}

static void refuse(world *w, sl_policy_kind policy, const char *links, bool divergence, sl_status wanted) {
    sl_learn_message request = request_of(w, policy, links), answer;
    request.want_divergence = divergence;
    assert_int_equal(sl_coordinator_handle(w->coordinator, &request, &answer), wanted);
}

static void test_bad_links_are_refused(void **state) {
    (void)state;
    world w;
    open_world(&w, NULL, false);
    refuse(&w, SL_POLICY_STUDENTS, "links: {delay: fixed -3 steps}\n", false, SL_CONFIG);
    refuse(&w, SL_POLICY_STUDENTS, "links: {preset: tin-cans}\n", false, SL_CONFIG);
    refuse(&w, SL_POLICY_STUDENTS, "links: {rules: [{blocks: ally, loss: 1}]}\n", false, SL_CONFIG);
    refuse(&w, SL_POLICY_STUDENTS, "no: [", false, SL_CONFIG);
    refuse(&w, SL_POLICY_RANDOM, late_text, false, SL_CONFIG);
    refuse(&w, SL_POLICY_RANDOM, NULL, true, SL_MISMATCH);
    refuse(&w, SL_POLICY_RANDOM, NULL, false, SL_OK);
    close_world(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links_of_the_request),
        cmocka_unit_test(test_links_of_the_experiment),
        cmocka_unit_test(test_bad_links_are_refused),
    };
    return cmocka_run_group_tests_name("links of requests", tests, NULL, NULL);
}
