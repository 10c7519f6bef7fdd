/* test_page.c - what the trainer shows of itself: a stage's numbers and columns, without memory taken for telling;
 * and promtool's opinion where it is installed. */
#include "trainer/page.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "net/http_get.h"
#include "net/page_socket.h"
#include "support/heap_count.h"
#include "support/temp_folder.h"
#include "support/torture.h"
#include "telemetry/exposition.h"
#include "trainer/learner.h"
#include "trainer/stage.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BODY = 1 << 17 };

static const struct {
    double won, loss;
    uint64_t skipped;
    int64_t env_steps;
} row = {(double)NAN, 0.25, 2, 4096};
static const sl_metric metrics[] = {
    {"env_steps", "steps", "so far", SL_METRIC_COUNTER, SL_METRIC_I64, 24},
    {"won", "", "the share", SL_METRIC_GAUGE, SL_METRIC_F64, 0},
    {"loss", "", "of it all", SL_METRIC_GAUGE, SL_METRIC_F64, 8},
    {"skipped", "steps", "so far", SL_METRIC_COUNTER, SL_METRIC_U64, 16},
};
static const sl_training_numbers numbers = {.updates = 7,
                                            .updates_wanted = 20,
                                            .env_steps_per_second = 2e5,
                                            .flops_per_second = 3e10,
                                            .checkpoint_age = (double)NAN};
static const sl_link_stats stats = {.sent = 5};

static void tell(sl_trainer_page *page) {
    sl_metrics_column columns[4];
    for (int k = 0; k < 4; k++) columns[k] = (sl_metrics_column){&metrics[k], &row};
    sl_trainer_page_update(page, "teacher", &numbers, 4, columns);
    sl_trainer_page_tell(page, sl_clock_ns(), 12.5, &stats);
}

static void get(const sl_trainer_page *page, const char *path, char body[BODY]) {
    char endpoint[SL_ENDPOINT_BYTES];
    size_t n = 0;
    (void)snprintf(endpoint, sizeof endpoint, "tcp://%s", sl_trainer_page_address(page));
    assert_int_equal(sl_http_get(endpoint, path, 10000, body, BODY, &n), SL_OK);
}

static void assert_has(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("no '%s' in\n%s", part, text);
}

static void a_stage_is_shown(void **state) {
    (void)state;
    static char body[BODY];
    sl_trainer_page *page = NULL;
    assert_int_equal(sl_trainer_page_open("127.0.0.1:*", "runs/a", "combat/3m", &page), SL_OK);
    // nothing was told yet
    get(page, "/metrics", body);
    assert_null(strstr(body, "starling_trainer_updates_total"));
    get(page, "/fleet.json", body);
    assert_has(body, "\"stage\":\"none\"");
    tell(page);
    get(page, "/metrics", body);
    assert_has(body, "\nstarling_trainer_updates_total{stage=\"teacher\"} 7\n");
    assert_has(body, "\nstarling_trainer_checkpoint_age_seconds{stage=\"teacher\"} 12.5\n");
    assert_has(body, "\nstarling_trainer_flops_per_second{stage=\"teacher\"} 30000000000\n");
    assert_has(body, "\nstarling_stage_env_steps_total{stage=\"teacher\"} 4096\n");
    assert_has(body, "\nstarling_stage_loss{stage=\"teacher\"} 0.25\n");
    assert_has(body, "\nstarling_stage_skipped_total{stage=\"teacher\"} 2\n");
    assert_has(body, "\nstarling_learn_link_sent_total 5\n");
    assert_null(strstr(body, "starling_stage_won"));
    if (system("command -v promtool >/dev/null 2>&1") == 0) {
        sl_temp_folder folder = sl_temp_folder_create();
        char command[512];
        (void)snprintf(command, sizeof command, "promtool check metrics <%s",
                       sl_temp_folder_write_text(&folder, "page", body));
        int code = system(command);
        sl_temp_folder_remove(&folder);
        assert_int_equal(code, 0);
    }
    get(page, "/fleet.json", body);
    assert_has(body, "{\"trainer\": {\"version\":");
    assert_has(body, "\"stage\": {\"env_steps\":4096,\"loss\":0.25,\"skipped\":2}");
    sl_trainer_page_close(&page);
    sl_trainer_page_close(&page);
}

// every column that a learner or a stage has is named as Prometheus wants it
static void all_columns_have_good_names(void **state) {
    (void)state;
    if (system("command -v promtool >/dev/null 2>&1") != 0) skip();
    for (const sl_learner_class *const *class = sl_learners; *class; class ++) {
        static char bytes[BODY];
        static const double none[256];
        sl_page_text out = {.bytes = bytes, .capacity = sizeof bytes};
        sl_exposition_add(&out, "stage", &(*class)->columns, none, "stage", (*class)->name);
        sl_temp_folder folder = sl_temp_folder_create();
        char command[512];
        (void)snprintf(command, sizeof command, "promtool check metrics <%s",
                       sl_temp_folder_write_text(&folder, "page", bytes));
        int code = system(command);
        sl_temp_folder_remove(&folder);
        assert_int_equal(code, 0);
    }
}

static void telling_takes_no_memory(void **state) {
    (void)state;
    sl_trainer_page *page = NULL;
    assert_int_equal(sl_trainer_page_open("127.0.0.1:*", "runs/a", "combat/3m", &page), SL_OK);
    uint64_t before = sl_heap_count();
    for (int i = 0; i < 1000; i++) tell(page);
    assert_true(sl_heap_count() == before);
    sl_trainer_page_close(&page);
    // without a page nothing happens
    tell(NULL);
}

static sl_status live(void *context) {
    (void)context;
    sl_trainer_page *page = NULL;
    SL_TRY(sl_trainer_page_open("127.0.0.1:*", "runs/a", "combat/3m", &page));
    sl_trainer_page_close(&page);
    return SL_OK;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    assert_int_equal(sl_torture(live, NULL), 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stage_is_shown),
        cmocka_unit_test(all_columns_have_good_names),
        cmocka_unit_test(telling_takes_no_memory),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
