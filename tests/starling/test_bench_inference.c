/* test_bench_inference.c - every size flies a GRU and layers of tanh, each beside plain C. */
#include "starling/runner.h"

#include "common/agent_size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <string.h>

static void test_every_agent_beside_plain_c(void **state) {
    (void)state;
    assert_int_equal(run("", "bench inference --rounds 2 --seconds 0.01 --json"), 0);
    json_error_t error;
    json_t *object = json_loads(output, JSON_REJECT_DUPLICATES, &error), *agent;
    const json_t *agents = json_object_get(object, "agents");
    assert_int_equal(json_array_size(agents), 2 * sl_agent_n_sizes());
    size_t i;
    json_array_foreach(agents, i, agent) {
        static const char *const keys[] = {"ns_per_decision", "best_ns_per_decision", "plain_ns_per_decision",
                                           "plain_best_ns_per_decision", "plain_over_agent"};
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
            assert_true(json_number_value(json_object_get(agent, keys[k])) > 0);
        assert_int_equal(json_integer_value(json_object_get(agent, "hidden")),
                         sl_agent_size((int)i % sl_agent_n_sizes()));
        assert_string_equal(json_string_value(json_object_get(agent, "net")),
                            (int)i < sl_agent_n_sizes() ? "gru" : "tanh");
    }
    json_decref(object);
}

static void test_refusals(void **state) {
    (void)state;
    expect_error("bench inference --rounds 0", 2, "rounds");
    // the peer alone says how it is started
    assert_int_equal(run_program("starling-plain-peer", "2>&1", "17 gru 1"), 2);
    assert_int_equal(run_program("starling-plain-peer", "2>&1", "16 lstm 1"), 2);
    assert_int_equal(run_program("starling-plain-peer", "2>&1", "16 gru 0"), 2);
    assert_int_equal(run_program("starling-plain-peer", "2>&1", ""), 2);
    assert_non_null(strstr(output, "usage: starling-plain-peer HIDDEN gru|none SECONDS"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_agent_beside_plain_c),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
