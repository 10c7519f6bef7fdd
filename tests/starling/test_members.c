/* test_members.c - who of a run is started here, and who comes by itself. */
#include "starling/run/members.h"

#include "common/wait.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { N = 6 };
static const sl_exp_fleet local = {.agents = SL_EXP_AGENTS_LOCAL}, remote = {.agents = SL_EXP_AGENTS_REMOTE};

// "..xx.x": x comes by itself
static void expect_comes(const sl_members *m, const char *pattern) {
    int n = 0;
    for (int i = 0; i < N; i++) {
        assert_int_equal(m->comes[i], pattern[i] == 'x');
        n += pattern[i] == 'x';
    }
    assert_int_equal(m->n_remote, n);
}

static void test_agents(void **state) {
    (void)state;
    static const struct {
        const char *agents, *pattern;
    } cases[] = {{NULL, "......"},    {"local", "......"}, {"remote", "xxxxxx"}, {"0,2", ".x.xxx"},
                 {"0-2,5", "...xx."}, {"3", "xxx.xx"},     {"0-5", "......"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_members m = {.agents = cases[i].agents};
        assert_int_equal(sl_members_settle(&m, &local, N), SL_OK);
        expect_comes(&m, cases[i].pattern);
        assert_int_equal(m.wait_ms, m.n_remote > 0 ? SL_WAIT_FOREVER : 60000);
    }
    static const char *const bad[] = {"",   "all", "6",   "0-6", "2-0", "0,",
                                      ",0", "-1",  "0 1", "0-",  "+1",  "99999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sl_members m = {.agents = bad[i]};
        assert_int_equal(sl_members_settle(&m, &local, N), SL_USAGE);
        assert_non_null(strstr(sl_error_what(), "--agents"));
        assert_string_equal(sl_error_hint(), "local, remote, or slots from 0 to 5 to start here, such as 0,2 or 0-2");
    }
}

static void test_experiment(void **state) {
    (void)state;
    sl_members m = {0}, here = {.agents = "local"};
    assert_int_equal(sl_members_settle(&m, &remote, N), SL_OK);
    expect_comes(&m, "xxxxxx");
    assert_int_equal(sl_members_settle(&here, &remote, N), SL_OK);
    expect_comes(&here, "......");
}

static void test_coordinator(void **state) {
    (void)state;
    sl_members m = {.coordinator = "remote", .insecure = true};
    assert_int_equal(sl_members_settle(&m, &local, N), SL_OK);
    assert_true(m.remote_coordinator);
    assert_string_equal(m.listen, "tcp://*:5556");
    expect_comes(&m, "xxxxxx");
    assert_int_equal(m.wait_ms, SL_WAIT_FOREVER);
    static const sl_members bad[] = {
        {.coordinator = "elsewhere"},
        {.coordinator = "remote", .bind = "tcp://*:5555"},
        {.coordinator = "remote", .agents = "0"},
        {.coordinator = "remote", .agents = "local"},
        {.coordinator = "remote", .listen = "nowhere"},
        {.listen = "tcp://*:5556"},
        {.bind = "tcp://10.0.0.1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sl_members one = bad[i];
        assert_int_equal(sl_members_settle(&one, &local, N), SL_USAGE);
    }
}

static void test_reach(void **state) {
    (void)state;
    static const sl_members bad[] = {{.bind = "tcp://*:5555"},
                                     {.bind = "tcp://10.0.0.1:5555"},
                                     {.coordinator = "remote"},
                                     {.coordinator = "remote", .listen = "tcp://0.0.0.0:5556"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sl_members one = bad[i], open = bad[i], keyed = bad[i];
        assert_int_equal(sl_members_settle(&one, &local, N), SL_USAGE);
        assert_non_null(strstr(sl_error_hint(), "--keys DIR"));
        open.insecure = true, keyed.keys = "keys";
        assert_int_equal(sl_members_settle(&open, &local, N), SL_OK);
        assert_int_equal(sl_members_settle(&keyed, &local, N), SL_OK);
    }
    sl_members here = {.bind = "tcp://127.0.0.1:5555"}, both = {.keys = "keys", .insecure = true};
    assert_int_equal(sl_members_settle(&here, &local, N), SL_OK);
    assert_int_equal(sl_members_settle(&both, &local, N), SL_USAGE);
}

static void test_wait(void **state) {
    (void)state;
    sl_members m = {.wait = "7"}, forever = {.wait = "forever"};
    assert_int_equal(sl_members_settle(&m, &remote, N), SL_OK);
    assert_int_equal(m.wait_ms, 7000);
    assert_int_equal(sl_members_settle(&forever, &local, N), SL_OK);
    assert_int_equal(forever.wait_ms, SL_WAIT_FOREVER);
    static const char *const bad[] = {"", "0", "-1", "604801", "1.5", "1s", "ever", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sl_members one = {.wait = bad[i]};
        assert_int_equal(sl_members_settle(&one, &local, N), SL_USAGE);
        assert_string_equal(sl_error_hint(), "whole seconds from 1 to 604800, or forever");
    }
}

static void test_names(void **state) {
    (void)state;
    char text[SL_MEMBERS_NAMES];
    sl_members m = {.agents = "1-2"};
    assert_int_equal(sl_members_settle(&m, &local, N), SL_OK);
    sl_members_name_remote(&m, text);
    assert_string_equal(text, "0, 3, 4, 5");
    m.agents = "remote";
    assert_int_equal(sl_members_settle(&m, &local, SL_EXP_MAX_AGENTS), SL_OK);
    sl_members_name_remote(&m, text);
    assert_string_equal(text, "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 1012 more");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agents), cmocka_unit_test(test_experiment), cmocka_unit_test(test_coordinator),
        cmocka_unit_test(test_reach),  cmocka_unit_test(test_wait),       cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
