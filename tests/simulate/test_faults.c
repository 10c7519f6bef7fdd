/* test_faults.c - the file of faults: what it may say, and what is refused by line, key and range. */
#include "simulate/faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static sl_faults faults;

static sl_status parse(const char *text) {
    return sl_faults_parse("f", text, strlen(text), &faults);
}

static void what_is_said_replaces_a_default(void **state) {
    (void)state;
    assert_int_equal(parse("# a comment\n\n  drop: 0.125   # here too\r\nseconds: 3\nkeys: 0"), SL_OK);
    sl_faults usual = sl_faults_default();
    assert_true(faults.drop == 0.125 && faults.seconds == 3 && faults.keys == 0);
    assert_true(faults.agent_crash == usual.agent_crash && usual.agent_crash > 0);
    assert_int_equal(parse(""), SL_OK);
    assert_memory_equal(&faults, &usual, sizeof usual);
}

static void the_rest_is_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *text, *what, *hint;
    } bad[] = {
        {"drop: 2", "f:1: key 'drop' cannot be '2': it is from 0 to 0.9", "lost"},
        {"drop: -0.1", "f:1: key 'drop' cannot be '-0.1'", "lost"},
        {"drop: nan", "f:1: key 'drop' cannot be 'nan'", "lost"},
        {"drop: 1e999", "f:1: key 'drop' cannot be '1e999'", "lost"},
        {"drop: 0.1x", "f:1: key 'drop' cannot be '0.1x'", "lost"},
        {"\ndropp: 0.1", "f:2: there is no key 'dropp'", "did you mean 'drop'?"},
        {"nothing_like_it: 0.1", "f:1: there is no key 'nothing_like_it'", "lists the keys"},
        {"drop: 0.1\ndrop: 0.2", "f:2: key 'drop' stands there twice", "keep one"},
        {"drop 0.1", "f:1: this is no line 'key: value'", "drop: 0.1"},
        {"drop:", "f:1: this is no line 'key: value'", "drop: 0.1"},
        {"drop: 0.1 0.2", "f:1: this is no line 'key: value'", "drop: 0.1"},
        {"- drop: 0.1", "f:1: this is no line 'key: value'", "drop: 0.1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memset(&faults, 0x55, sizeof faults);
        sl_faults before = faults;
        assert_int_equal(parse(bad[i].text), SL_CONFIG);
        assert_non_null(strstr(sl_error_what(), bad[i].what));
        assert_non_null(sl_error_hint());
        assert_non_null(strstr(sl_error_hint(), bad[i].hint));
        assert_memory_equal(&faults, &before, sizeof before);
    }
    char line[400];
    memset(line, 'x', sizeof line);
    assert_int_equal(sl_faults_parse("f", line, sizeof line, &faults), SL_CONFIG);
    assert_int_equal(sl_faults_parse("f", "drop: 0\0.1", 10, &faults), SL_CONFIG);
}

static void each_key_has_a_range_that_holds_its_default(void **state) {
    (void)state;
    sl_faults usual = sl_faults_default(), none = sl_faults_none();
    int n = 0;
    for (const sl_fault_key *key; (key = sl_fault_key_at(n)) != NULL; n++) {
        assert_true(sl_fault_value(&usual, key) == key->fallback);
        assert_true(key->min <= key->fallback && key->fallback <= key->max && key->help[0]);
        assert_true(sl_fault_value(&none, key) >= key->min);
    }
    assert_int_equal(n, sizeof usual / sizeof usual.drop);
    assert_true(none.seconds == 0 && none.drop == 0 && none.keys == 0);
    assert_null(sl_fault_key_at(-1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_replaces_a_default),
        cmocka_unit_test(the_rest_is_refused_by_name),
        cmocka_unit_test(each_key_has_a_range_that_holds_its_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
