/* test_agent_size.c - the list of agent programs, against the programs that the build made. */
#include "common/agent_size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bool exists(int hidden) {
    char path[1024];
    (void)snprintf(path, sizeof path, SL_BIN_DIR "/starling-agent-%d", hidden);
    return access(path, X_OK) == 0;
}

static void lists_what_is_built(void **state) {
    (void)state;
    int n = sl_agent_n_sizes(), n_built = 0;
    for (int h = 1; h <= 1024; h++) {
        n_built += sl_agent_size_is_built(h);
        assert_int_equal(sl_agent_size_is_built(h), exists(h));
    }
    assert_int_equal(n_built, n);
    for (int i = 0; i < n; i++) {
        assert_true(sl_agent_size_is_built(sl_agent_size(i)));
        if (i > 0) assert_true(sl_agent_size(i) > sl_agent_size(i - 1));
    }
    // what the tests, the documents and the experiments count on
    assert_true(sl_agent_size_is_built(16) && sl_agent_size_is_built(32) && sl_agent_size_is_built(128));
    assert_false(sl_agent_size_is_built(24) || sl_agent_size_is_built(0) || sl_agent_size_is_built(-16));
}

static void names_them_in_a_hint(void **state) {
    (void)state;
    char text[SL_AGENT_SIZES_TEXT], last[32];
    sl_agent_size_hint(text);
    assert_true(strncmp(text, "agents are built for 16, 32", 27) == 0);
    (void)snprintf(last, sizeof last, " and %d units", sl_agent_size(sl_agent_n_sizes() - 1));
    assert_string_equal(text + strlen(text) - strlen(last), last);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_what_is_built),
        cmocka_unit_test(names_them_in_a_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
