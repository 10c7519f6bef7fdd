/* test_flags.c - the command line of the programs: values, switches, help, and what is refused by name. */
#include "common/flags.h"

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *where;
static bool again;
static sl_common_flags common;

static sl_status parse(int argc, char **argv) {
    const sl_flag flags[] = {{"where", &where, NULL}, {"again", NULL, &again}};
    const sl_flags_def def = {"starling-toy", "usage\n", "see --help", "no such flag", 2, flags};
    where = NULL;
    again = false;
    optind = 0;
    return sl_flags_parse(&def, argc, argv, &common);
}

#define PARSE(...)                                                                                                   \
    parse((int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)) + 1, (char *[]){"toy", __VA_ARGS__, NULL})

static void takes_values_and_switches(void **state) {
    (void)state;
    assert_int_equal(PARSE("--where", "here", "--again", "--log-level", "warn", "--log-json"), SL_OK);
    assert_string_equal(where, "here");
    assert_true(again && common.log_json && !common.done);
    assert_int_equal(common.log_level, SL_LOG_WARN);
    assert_int_equal(PARSE("--where=there"), SL_OK);
    assert_string_equal(where, "there");
    assert_true(!again && !common.log_json);
    assert_int_equal(common.log_level, SL_LOG_INFO);
    assert_int_equal(PARSE("--help"), SL_OK);
    assert_true(common.done);
    assert_int_equal(PARSE("--version"), SL_OK);
    assert_true(common.done);
}

static void refuses_by_name(void **state) {
    (void)state;
    assert_int_equal(PARSE("--nonsense"), SL_USAGE);
    assert_string_equal(sl_error_what(), "no such flag '--nonsense'");
    assert_string_equal(sl_error_hint(), "see --help");
    assert_int_equal(PARSE("--where"), SL_USAGE);
    assert_string_equal(sl_error_what(), "no such flag '--where'");
    assert_int_equal(PARSE("--again", "stray"), SL_USAGE);
    assert_string_equal(sl_error_what(), "unexpected argument 'stray'");
    assert_int_equal(PARSE("--log-level", "loud"), SL_USAGE);
    // asked for help, and wrong all the same
    assert_int_equal(PARSE("--help", "--nonsense"), SL_USAGE);
    assert_true(common.done);
}

static void takes_what_is_not_given_from_the_environment(void **state) {
    (void)state;
    setenv("STARLING_WHERE", "home", 1);
    setenv("STARLING_AGAIN", "1", 1);
    assert_int_equal(PARSE("--log-json"), SL_OK);
    assert_string_equal(where, "home");
    assert_true(again);
    assert_int_equal(PARSE("--where", "here"), SL_OK);
    assert_string_equal(where, "here");
    setenv("STARLING_WHERE", "", 1);
    setenv("STARLING_AGAIN", "0", 1);
    assert_int_equal(PARSE("--log-json"), SL_OK);
    assert_true(where == NULL && !again);
    setenv("STARLING_LOG_LEVEL", "error", 1);
    setenv("STARLING_LOG_JSON", "1", 1);
    assert_int_equal(PARSE("--where", "here"), SL_OK);
    assert_true(common.log_level == SL_LOG_ERROR && common.log_json);
    assert_int_equal(PARSE("--log-level", "warn"), SL_OK);
    assert_int_equal(common.log_level, SL_LOG_WARN);
    setenv("STARLING_LOG_LEVEL", "loud", 1);
    assert_int_equal(PARSE("--where", "here"), SL_USAGE);
    unsetenv("STARLING_LOG_LEVEL");
    unsetenv("STARLING_LOG_JSON");
    setenv("STARLING_AGAIN", "yes", 1);
    assert_int_equal(PARSE("--log-json"), SL_USAGE);
    assert_string_equal(sl_error_what(), "the environment's STARLING_AGAIN is 0 or 1, not 'yes'");
    unsetenv("STARLING_WHERE");
    unsetenv("STARLING_AGAIN");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(takes_values_and_switches),
                                       cmocka_unit_test(takes_what_is_not_given_from_the_environment),
                                       cmocka_unit_test(refuses_by_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
