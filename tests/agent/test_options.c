/* test_options.c - the agent's command line: what is taken, and what is refused by name. */
#include "agent/options.h"

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_ARGS = 12 };

static sl_status parse(const char *line, sl_agent_options *out) {
    static char text[256];
    static char name[] = "starling-agent-16";
    char *argv[MAX_ARGS + 1] = {name};
    int argc = 1;
    assert_true(strlen(line) < sizeof text);
    memcpy(text, line, strlen(line) + 1);
    for (char *at = text; *at && argc < MAX_ARGS;) {
        argv[argc++] = at;
        at += strcspn(at, " ");
        if (*at) *at++ = '\0';
    }
    optind = 0;
    return sl_agent_options_parse(argc, argv, out);
}

static void takes_flags(void **state) {
    (void)state;
    sl_agent_options options;
    assert_int_equal(parse("--connect tcp://a:1 --model m --slot 3 --log-level debug --log-json", &options), SL_OK);
    assert_string_equal(options.connect, "tcp://a:1");
    assert_string_equal(options.model, "m");
    assert_null(options.cache);
    assert_int_equal(options.slot, 3);
    assert_int_equal(options.common.log_level, SL_LOG_DEBUG);
    assert_true(options.common.log_json);
    assert_int_equal(parse("--connect tcp://a:1 --cache=c", &options), SL_OK);
    assert_string_equal(options.cache, "c");
    assert_int_equal(options.slot, -1);
    assert_int_equal(parse("--connect tcp://a:1 --model m --slot any", &options), SL_OK);
    assert_int_equal(options.slot, -1);
    assert_int_equal(options.common.log_level, SL_LOG_INFO);
    assert_null(options.trust);
    assert_int_equal(parse("--connect tcp://a:1 --cache c --trust t", &options), SL_OK);
    assert_string_equal(options.trust, "t");
    // a file of its own beside a cache only where versions are remembered
    assert_int_equal(parse("--connect tcp://a:1 --model m --cache c --trust t", &options), SL_OK);
    assert_string_equal(options.model, "m");
    assert_int_equal(parse("--bench 0.5", &options), SL_OK);
    assert_float_equal(options.bench_seconds, 0.5, 0.0);
}

static void expect_refusal(const char *line, const char *what) {
    sl_agent_options options;
    assert_int_equal(parse(line, &options), SL_USAGE);
    if (!strstr(sl_error_what(), what)) fail_msg("'%s': '%s' does not say '%s'", line, sl_error_what(), what);
}

static void refuses_by_name(void **state) {
    (void)state;
    expect_refusal("", "--connect");
    expect_refusal("--connect foo --model m", "--connect: 'foo' is no endpoint");
    expect_refusal("--connect tcp://a:* --model m", "--connect: 'tcp://a:*' has no valid port");
    expect_refusal("--connect tcp://a:1", "--model FILE or --cache DIR");
    expect_refusal("--connect tcp://a:1 --model m --cache c", "either");
    expect_refusal("--connect tcp://a:1 --model m --trust t", "--trust needs --cache DIR");
    expect_refusal("--connect tcp://a:1 --trust t", "--trust needs --cache DIR");
    expect_refusal("--connect tcp://a:1 --model m --slot -1", "--slot");
    expect_refusal("--connect tcp://a:1 --model m --slot 1.5", "--slot");
    expect_refusal("--connect tcp://a:1 --model m --slot 3x", "'3x'");
    expect_refusal("--bench 0", "--bench");
    expect_refusal("--bench nan", "--bench");
    expect_refusal("--nonsense", "--nonsense");
    expect_refusal("--connect tcp://a:1 --model", "--model");
    expect_refusal("--connect tcp://a:1 --model m stray", "stray");
    expect_refusal("--log-level loud", "loud");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(takes_flags), cmocka_unit_test(refuses_by_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
