/* test_fly_realtime.c - starling fly by the realtime clock with processes of its own and with slow ones. How fast
 * this machine is, and what else it does, is not asserted on: what is told, and that nothing piles up, is. */
#include "starling/runner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define FLY "fly " SL_SOURCE_DIR "/models/mpe/spread --clock realtime "

static double number(const json_t *object, const char *a, const char *b, const char *c) {
    const json_t *at = json_object_get(object, a);
    if (b) at = json_object_get(at, b);
    if (c) at = json_object_get(at, c);
    if (!json_is_number(at)) fail_msg("no number %s.%s.%s", a, b ? b : "", c ? c : "");
    return json_number_value(at);
}

static json_t *flown(const char *words) {
    expect_json(words, 0);
    json_t *object = json_loads(output, 0, NULL);
    assert_non_null(object);
    return object;
}

static void steps_have_their_time(void **state) {
    (void)state;
    json_t *object = flown(FLY "--hz 100 --episodes 4 --json");
    assert_string_equal(json_string_value(json_object_get(object, "clock")), "realtime");
    assert_true(number(object, "timing", "ticks", NULL) == 100);
    // no step is shorter but for the first; those that were left out were time, too
    double least = (100 - 1 + number(object, "timing", "realtime", "overruns")) * 0.01;
    assert_true(number(object, "timing", "seconds", NULL) > least);
    assert_true(number(object, "timing", "realtime", "step_ms") == 10);
    double misses = number(object, "misses", "fallbacks", NULL);
    assert_true(misses == number(object, "fallback", "late", NULL) + number(object, "fallback", "absent", NULL));
    json_decref(object);
}

/* Without a bound it would be 30 ms a decision to 20 ms a step behind: a third of 6 s in the end. */
static void slow_agents_leave_out_what_is_old(void **state) {
    (void)state;
    assert_int_equal(setenv("SLOW_AGENT_MS", "30", 1), 0);
    json_t *object = flown(FLY "--hz 50 --episodes 12 --agent " SL_SLOW_AGENT " --json");
    assert_true(number(object, "timing", "ticks", NULL) == 300);
    assert_true(number(object, "timing", "realtime", "skipped") > 100);
    assert_true(number(object, "timing", "realtime", "late") > 100);
    assert_true(number(object, "misses", "fallbacks", NULL) > 100);
    assert_true(number(object, "timing", "realtime", "observation_p50_ms") < 200);
    assert_true(number(object, "timing", "realtime", "action_p50_ms") < 400);
    json_decref(object);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_have_their_time),
        cmocka_unit_test(slow_agents_leave_out_what_is_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
