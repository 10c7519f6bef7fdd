/* test_links.c - starling links: what it prints of networks by name, by words and from a file, and what it refuses.
 */
#include "starling/runner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void links_are_listed_shown_and_drawn(void **state) {
    (void)state;
    expect_json("links list --json", 0);
    assert_int_equal(run("", "links list"), 0);
    assert_non_null(strstr(output, "rlrd-wifi "));
    expect_json("links info 4g --json", 0);
    assert_non_null(strstr(output, "\"p50\":50.0"));
    expect_json("links sample rlrd-wifi --n 1000 --json", 0);
    assert_non_null(strstr(output, "\"histogram\":[{\"from\":20.0,\"to\":20.0,\"share\":0.3"));
    // the same draws for the same seed
    char before[4096];
    (void)snprintf(before, sizeof before, "%.4000s", output);
    expect_json("links sample rlrd-wifi --n 1000 --seed 1 --json", 0);
    assert_true(strncmp(before, output, 4000) == 0);
    expect_json("links sample rlrd-wifi --n 1000 --seed 2 --json", 0);
    assert_true(strncmp(before, output, 4000) != 0);
    // delays beyond every number are no number
    expect_json("links sample --delay 'pareto 1 1e-9 ms' --n 100 --json", 0);
    assert_non_null(strstr(output, "\"to\":null"));
    // words over a preset's, and words alone
    expect_json("links info satellite --loss 'gilbert-elliott 0.1 0.5' --json", 0);
    assert_non_null(strstr(output, "\"p50\":600.0"));
    assert_non_null(strstr(output, "\"mean_burst\":2.0"));
    assert_int_equal(run("", "links sample --delay 'uniform 2 5 steps' --n 2000"), 0);
    assert_non_null(strstr(output, "closed form, steps    3.5    3.5   4.7   4.97  4.997      5   0 %"));
    assert_non_null(strstr(output, "measured, steps"));
    // a file's section and its rules
    expect_json("links info " SL_SOURCE_DIR "/tests/starling/links.yaml --json", 0);
    assert_non_null(strstr(output, "\"of\":\"links.rules[1]\""));
    assert_int_equal(run("", "links sample " SL_SOURCE_DIR "/tests/starling/links.yaml --n 100"), 0);
    assert_non_null(strstr(output, "links.rules[0]: share of delays in ms"));
    expect_error("links info 5g", 2, "NAME cannot be '5g'");
    expect_hint("did you mean '4g'?");
    expect_error("links sample", 2, "needs NAME, or --delay or --loss");
    expect_error("links sample 4g --n 0", 2, "--n cannot be '0'");
    expect_error("links sample --delay 'fixed -1 ms'", 2, "key 'links.delay': 'fixed -1 ms': a number is outside");
    expect_hint("write 'fixed DELAY ms'");
    expect_error("links info 4g --loss 2", 2, "key 'links.loss': '2': a probability is outside [0, 1]");
    expect_error("links info " SL_SOURCE_DIR "/tests/starling/links.yaml --loss 0", 2, "do not go with a file");
    expect_error("links info " SL_SOURCE_DIR "/CMakeLists.txt", 3, "CMakeLists.txt");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(links_are_listed_shown_and_drawn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
