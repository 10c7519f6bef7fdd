/* test_page.c - what a coordinator shows of itself: over HTTP while it is at work, without memory taken for it, while
 * hundreds look on; and where it cannot be shown. */
#include "coordinator/page.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "coordinator/serve.h"
#include "net/http_get.h"
#include "net/page_socket.h"
#include "net/transport_sim.h"
#include "rollout/example.h"
#include "support/heap_count.h"
#include "support/temp_folder.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { BODY = 1 << 18, LOOKERS = 4, LOOKS = 200 };

typedef struct world {
    example x;
    sl_temp_folder folder;
    sl_sim *sim;
    sl_server *server;
    volatile sig_atomic_t stop;
    char endpoint[SL_ENDPOINT_BYTES];
} world;

static sl_status open_server(world *w, const char *metrics) {
    sl_link_def learn = sl_link_learn_def("sim://client"), fleet = sl_link_fleet_def("sim://fleet");
    sl_coordinator_def def = {.experiment = &w->x.e, .run = w->folder.path, .stop = &w->stop, .fleet = &fleet};
    memset(def.config_hash, 'a', 64);
    SL_TRY(sl_server_open(&learn, &def, metrics, &w->server));
    (void)snprintf(w->endpoint, sizeof w->endpoint, "tcp://%s", sl_server_metrics_address(w->server));
    return SL_OK;
}

static void open_world(world *w) {
    sl_sim_def net = SL_SIM_DEF(1, 0.1, 0.1, 0, 0);
    memset(w, 0, sizeof *w);
    example_init(&w->x);
    w->folder = sl_temp_folder_create();
    assert_int_equal(sl_sim_create(&net, &w->sim), SL_OK);
    sl_sim_install(w->sim);
}

static void close_world(world *w) {
    sl_server_close(&w->server);
    sl_sim_install(NULL);
    sl_sim_destroy(&w->sim);
    sl_temp_folder_remove(&w->folder);
}

static void step(world *w) {
    bool finished = false;
    assert_int_equal(sl_server_step(w->server, 1, &finished), SL_OK);
}

static char *get(const world *w, const char *path) {
    char *body = sl_alloc(BODY);
    size_t n = 0;
    assert_non_null(body);
    assert_int_equal(sl_http_get(w->endpoint, path, 10000, body, BODY, &n), SL_OK);
    return body;
}

static void assert_has(const char *text, const char *part) {
    if (!text || !strstr(text, part)) fail_msg("no '%s' in\n%s", part, text ? text : "");
}

static void the_pages_show_the_fleet(void **state) {
    (void)state;
    world w;
    open_world(&w);
    assert_int_equal(open_server(&w, "127.0.0.1:*"), SL_OK);
    step(&w);
    char *text = get(&w, "/metrics");
    assert_has(text, "\nstarling_coordinator_busy 0\n");
    assert_has(text, "\nstarling_fleet_ticks_total 0\n");
    assert_has(text, "\nstarling_fleet_slots{state=\"live\"} 0\n");
    assert_has(text, "\nstarling_slot_live{slot=\"0\"} 0\n");
    assert_has(text, "\nstarling_process_snapshot_age_seconds 0");
    // an empty slot has no round trip
    assert_null(strstr(text, "starling_slot_round_trip_p50_seconds{"));
    if (system("command -v promtool >/dev/null 2>&1") == 0) {
        char command[512];
        (void)snprintf(command, sizeof command, "promtool check metrics <%s",
                       sl_temp_folder_write_text(&w.folder, "page", text));
        assert_int_equal(system(command), 0);
    }
    sl_free(text);
    text = get(&w, "/fleet.json");
    assert_has(text, "\"work\":\"idle\"");
    assert_has(text, "{\"slot\":0,\"state\":\"free\",\"device\":\"\"");
    assert_has(text, w.folder.path);
    sl_free(text);
    close_world(&w);
}

typedef struct crowd {
    const world *w;
    atomic_int looks, failures;
} crowd;

static void *look_on(void *context) {
    crowd *self = context;
    char *body = sl_alloc(BODY);
    size_t n = 0;
    for (int i = 0; i < LOOKS && body; i++) {
        const char *path = i % 2 ? "/metrics" : "/fleet.json";
        if (sl_http_get(self->w->endpoint, path, 10000, body, BODY, &n) != SL_OK)
            atomic_fetch_add(&self->failures, 1);
        atomic_fetch_add(&self->looks, 1);
    }
    sl_free(body);
    return NULL;
}

// the work goes on while the pages are read as fast as can be
static void a_crowd_looks_on(void **state) {
    (void)state;
    world w;
    crowd c = {.w = &w};
    pthread_t threads[LOOKERS];
    open_world(&w);
    assert_int_equal(open_server(&w, "127.0.0.1:*"), SL_OK);
    for (int i = 0; i < LOOKERS; i++) assert_int_equal(pthread_create(&threads[i], NULL, look_on, &c), 0);
    int steps = 0;
    for (; atomic_load(&c.looks) < LOOKERS * LOOKS; steps++) step(&w);
    for (int i = 0; i < LOOKERS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&c.failures), 0);
    assert_true(steps > 100);
    close_world(&w);
}

static void telling_takes_no_memory(void **state) {
    (void)state;
    world w;
    sl_coordinator_page *page = NULL;
    const sl_coordinator_page_def def = {"127.0.0.1:*", "run", "env", 3};
    open_world(&w);
    sl_fleet_slot_def slots[3] = {
        {.obs_dim = 4, .n_actions = 2}, {.obs_dim = 4, .n_actions = 2}, {.obs_dim = 4, .n_actions = 2}};
    sl_fleet_def fleet_def = sl_fleet_default_def(sl_link_fleet_def("sim://fleet"), 3, slots, 4, 2, 10);
    sl_fleet *fleet = NULL;
    assert_int_equal(sl_fleet_create(&fleet_def, &fleet), SL_OK);
    assert_int_equal(sl_coordinator_page_open(&def, &page), SL_OK);
    sl_page_news news = {.work = "fly", .fleet = fleet};
    int64_t now = sl_clock_ns();
    uint64_t before = sl_heap_count();
    int told = 0;
    // at most four times a second
    for (int i = 0; i < 1000; i++, now += 10000000) {
        if (!sl_coordinator_page_is_due(page, now)) continue;
        sl_coordinator_page_tell(page, now, &news);
        told++;
    }
    assert_true(sl_heap_count() == before);
    assert_in_range(told, 39, 41);
    sl_coordinator_page_close(&page);
    sl_fleet_destroy(&fleet);
    close_world(&w);
}

static void a_page_that_cannot_be_served_ends_the_start(void **state) {
    (void)state;
    world w;
    char taken[SL_ENDPOINT_BYTES];
    int fd = -1;
    open_world(&w);
    assert_int_equal(sl_page_listen("tcp://127.0.0.1:*", 1, &fd, taken), SL_OK);
    assert_int_equal(open_server(&w, taken), SL_NETWORK);
    assert_null(w.server);
    assert_int_equal(open_server(&w, "nonsense:port"), SL_USAGE);
    assert_int_equal(open_server(&w, NULL), SL_OK);
    assert_string_equal(sl_server_metrics_address(w.server), "");
    step(&w);
    (void)close(fd);
    close_world(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pages_show_the_fleet),
        cmocka_unit_test(a_crowd_looks_on),
        cmocka_unit_test(telling_takes_no_memory),
        cmocka_unit_test(a_page_that_cannot_be_served_ends_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
