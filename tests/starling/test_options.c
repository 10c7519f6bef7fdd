/* test_options.c - the command line: values, refusals with their hints, subcommands. */
#include "common/nearest.h"
#include "starling/commands/command.h"
#include "starling/run/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct values {
    bool json;
    const char *out;
    int64_t seed;
    int64_t whole;
    double seconds;
    sl_text_list sets;
} values;

// parses words (ended by NULL) as the command line of a made-up command
static sl_status parse(values *v, sl_args *args, const char *const *words) {
    const sl_option options[] = {
        {"json", SL_OPTION_SWITCH, NULL, "", &v->json, 0, 0},
        {"out", SL_OPTION_TEXT, "DIR", "", &v->out, 0, 0},
        {"seed", SL_OPTION_INT, "N", "", &v->seed, 0, 100},
        {"seconds", SL_OPTION_REAL, "S", "", &v->seconds, 0.5, 10},
        {"whole", SL_OPTION_INT, "N", "", &v->whole, -9007199254740992.0, 9007199254740992.0},
        {"set", SL_OPTION_LIST, "K=V", "", &v->sets, 0, 0},
    };
    sl_usage usage = {"starling try", "FILE", "Tries.", 1, 2, 6, options};
    static char *argv[16];
    argv[0] = (char[]){"try"};
    int argc = 1;
    for (; words[argc - 1]; argc++) argv[argc] = (char *)(uintptr_t)words[argc - 1];
    return sl_options_parse(&usage, argc, argv, args);
}

#define PARSE(v, args, ...) parse(v, args, (const char *const[]){__VA_ARGS__, NULL})

static void test_values(void **state) {
    (void)state;
    values v = {.seed = -1};
    sl_args args;
    assert_int_equal(PARSE(&v, &args, "--seed", "7", "file", "--set", "a=1", "--seconds=2.5", "--set", "b=2",
                           "--json", "--out", "x y"),
                     SL_OK);
    assert_int_equal(v.seed, 7);
    assert_true(v.seconds > 2.49 && v.seconds < 2.51);
    assert_true(v.json);
    assert_string_equal(v.out, "x y");
    assert_int_equal(v.sets.n, 2);
    assert_string_equal(v.sets.items[1], "b=2");
    assert_int_equal(args.n, 1);
    assert_string_equal(args.v[0], "file");
    assert_false(args.done);
}

// a bound is kept to the last digit, also where a double has not all of them
static void test_bounds_are_exact(void **state) {
    (void)state;
    values v = {0};
    sl_args args;
    assert_int_equal(PARSE(&v, &args, "--whole", "9007199254740992", "file"), SL_OK);
    assert_true(v.whole == 9007199254740992);
    assert_int_equal(PARSE(&v, &args, "--whole", "9007199254740993", "file"), SL_USAGE);
    assert_int_equal(PARSE(&v, &args, "--whole", "-9007199254740992", "file"), SL_OK);
    assert_int_equal(PARSE(&v, &args, "--whole", "-9007199254740993", "file"), SL_USAGE);
    assert_true(v.whole == -9007199254740992);
}

static void test_not_given_stays(void **state) {
    (void)state;
    values v = {.seed = -1};
    sl_args args;
    assert_int_equal(PARSE(&v, &args, "file"), SL_OK);
    assert_int_equal(v.seed, -1);
    assert_null(v.out);
}

static void expect_refusal(sl_status status, const char *what, const char *hint) {
    assert_int_equal(status, SL_USAGE);
    assert_string_equal(sl_error_what(), what);
    if (hint) assert_string_equal(sl_error_hint(), hint);
}

static void test_refusals(void **state) {
    (void)state;
    values v = {.seed = -1};
    sl_args args;
    expect_refusal(PARSE(&v, &args, "file", "--sede", "7"), "unknown option '--sede'", "did you mean --seed?");
    expect_refusal(PARSE(&v, &args, "file", "--quite-another"), "unknown option '--quite-another'", "see --help");
    expect_refusal(PARSE(&v, &args, "file", "-x"), "unknown option '-x'", NULL);
    expect_refusal(PARSE(&v, &args, "file", "--json=1"), "--json takes no value", NULL);
    expect_refusal(PARSE(&v, &args, "file", "--seed"), "--seed needs a value", NULL);
    expect_refusal(PARSE(&v, &args, "file", "--seed", "7x"), "--seed cannot be '7x'", "a whole number from 0 to 100");
    expect_refusal(PARSE(&v, &args, "file", "--seed", "101"), "--seed cannot be '101'", NULL);
    expect_refusal(PARSE(&v, &args, "file", "--seed", "99999999999999999999"),
                   "--seed cannot be '99999999999999999999'", NULL);
    expect_refusal(PARSE(&v, &args, "file", "--seconds", "nan"), "--seconds cannot be 'nan'", NULL);
    expect_refusal(PARSE(&v, &args, "--json"), "needs FILE", NULL);
    expect_refusal(PARSE(&v, &args, "a", "b", "c"), "one argument too many: 'c'", NULL);
    assert_int_equal(PARSE(&v, &args, "file", "--log-level", "loud"), SL_USAGE);
    assert_int_equal(v.seed, -1);
}

static void test_help_needs_no_arguments(void **state) {
    (void)state;
    values v = {0};
    sl_args args = {0};
    assert_int_equal(PARSE(&v, &args, "--help"), SL_OK);
    assert_true(args.done);
}

static void test_nearest(void **state) {
    (void)state;
    const char *const names[] = {"train", "eval", "fly", "report"};
    assert_string_equal(sl_nearest_name("trian", 4, names), "train");
    assert_string_equal(sl_nearest_name("reports", 4, names), "report");
    assert_string_equal(sl_nearest_name("fl", 4, names), "fly");
    assert_null(sl_nearest_name("benchmark", 4, names));
}

static const char *ran;

static sl_status run_leaf(const char *path, int argc, char **argv) {
    static char text[128];
    (void)snprintf(text, sizeof text, "%s/%d/%s", path, argc, argv[argc - 1]);
    ran = text;
    return SL_OK;
}

static void test_commands(void **state) {
    (void)state;
    const sl_command children[] = {{"list", "", run_leaf, NULL}, {NULL, NULL, NULL, NULL}};
    const sl_command table[] = {{"env", "", NULL, children}, {"train", "", run_leaf, NULL}, {NULL, NULL, NULL, NULL}};
    char *deep[] = {(char[]){"starling"}, (char[]){"env"}, (char[]){"list"}, (char[]){"x"}};
    char path[SL_COMMAND_PATH] = "starling", other[SL_COMMAND_PATH] = "starling", bare[SL_COMMAND_PATH] = "starling";
    assert_int_equal(sl_command_run(table, path, 4, deep), SL_OK);
    assert_string_equal(path, "starling env list");
    assert_string_equal(ran, "starling env list/2/x");
    char *wrong[] = {(char[]){"starling"}, (char[]){"env"}, (char[]){"lost"}};
    expect_refusal(sl_command_run(table, other, 3, wrong), "unknown command 'lost'",
                   "did you mean 'starling env list'?");
    assert_string_equal(other, "starling env");
    expect_refusal(sl_command_run(table, bare, 1, wrong), "needs a command", NULL);
}

static void test_environment(void **state) {
    (void)state;
    const char *bind = NULL, *out = NULL;
    const sl_option options[] = {{"bind", SL_OPTION_TEXT, "E", "", &bind, 0, 0},
                                 {"out", SL_OPTION_TEXT, "DIR", "", &out, 0, 0}};
    sl_usage usage = {"starling try", "", "Tries.", 0, 0, 2, options};
    char *none[] = {(char[]){"try"}, NULL}, *given[] = {(char[]){"try"}, (char[]){"--bind"}, (char[]){"here"}, NULL};
    sl_args args;
    assert_int_equal(setenv("STARLING_BIND", "there", 1) | setenv("STARLING_OUT", "there", 1), 0);
    assert_int_equal(sl_options_parse(&usage, 1, none, &args), SL_OK);
    assert_string_equal(bind, "there");
    // not of every option
    assert_null(out);
    assert_int_equal(sl_options_parse(&usage, 3, given, &args), SL_OK);
    assert_string_equal(bind, "here");
    bind = NULL;
    assert_int_equal(setenv("STARLING_BIND", "", 1), 0);
    assert_int_equal(sl_options_parse(&usage, 1, none, &args), SL_OK);
    assert_null(bind);
    assert_int_equal(unsetenv("STARLING_BIND") | unsetenv("STARLING_OUT"), 0);
}

// both are in the environment, and one of them is meant
static void test_environment_of_two_commands(void **state) {
    (void)state;
    const char *bind = NULL, *listen = NULL, *coordinator = NULL;
    const sl_option options[] = {{"bind", SL_OPTION_TEXT, "E", "", &bind, 0, 0},
                                 {"coordinator", SL_OPTION_TEXT, "WHO", "", &coordinator, 0, 0},
                                 {"listen", SL_OPTION_TEXT, "E", "", &listen, 0, 0}};
    sl_usage usage = {"starling try", "", "Tries.", 0, 0, 3, options};
    char *none[] = {(char[]){"try"}, NULL};
    char *remote[] = {(char[]){"try"}, (char[]){"--coordinator"}, (char[]){"remote"}, NULL};
    sl_args args;
    assert_int_equal(setenv("STARLING_BIND", "here", 1) | setenv("STARLING_LISTEN", "there", 1), 0);
    assert_int_equal(sl_options_parse(&usage, 1, none, &args), SL_OK);
    assert_string_equal(bind, "here");
    assert_null(listen);
    bind = NULL;
    assert_int_equal(sl_options_parse(&usage, 3, remote, &args), SL_OK);
    assert_string_equal(listen, "there");
    assert_null(bind);
    assert_int_equal(unsetenv("STARLING_BIND") | unsetenv("STARLING_LISTEN"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_environment_of_two_commands),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_bounds_are_exact),
        cmocka_unit_test(test_not_given_stays),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_help_needs_no_arguments),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
