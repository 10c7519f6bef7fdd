/* test_endpoint.c - what is an endpoint to serve on, or to connect to, and what is none. */
#include "net/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { BOTH = 3, SERVE = 1, CONNECT = 2, NEITHER = 0 };

static void every_form_is_known(void **state) {
    (void)state;
    static const struct {
        const char *endpoint;
        int use;
    } cases[] = {
        {"tcp://127.0.0.1:5555", BOTH},
        {"tcp://127.0.0.1:65535", BOTH},
        {"tcp://localhost:1", BOTH},
        {"tcp://node-7.cluster.example:5555", BOTH},
        {"tcp://[::1]:5555", BOTH},
        {"tcp://[fe80::1]:5555", BOTH},
        {"ipc:///tmp/fleet", BOTH},
        {"sim://trainer", BOTH},
        {"tcp://127.0.0.1:*", SERVE},
        {"tcp://*:5555", SERVE},
        {"tcp://*:*", SERVE},
        {"tcp://eth0:*", SERVE},
        {"tcp://[::]:*", SERVE},
        {"", NEITHER},
        {"foo", NEITHER},
        {"tcp", NEITHER},
        {"tcp:", NEITHER},
        {"tcp://", NEITHER},
        {"tcp://:5555", NEITHER},
        {"tcp://host", NEITHER},
        {"tcp://host:", NEITHER},
        {"tcp://host:0", NEITHER},
        {"tcp://host:65536", NEITHER},
        {"tcp://host:99999", NEITHER},
        {"tcp://host:184467440737095616", NEITHER},
        {"tcp://host:-1", NEITHER},
        {"tcp://host:+1", NEITHER},
        {"tcp://host:5555 ", NEITHER},
        {"tcp://host:0x50", NEITHER},
        {"tcp://a;b:5555", NEITHER},
        {"tcp://a/b:5555", NEITHER},
        {"tcp://::1:5555", NEITHER},
        {"tcp://[::1:5555", NEITHER},
        {"tcp://[]:5555", NEITHER},
        {"tcp://[127.0.0.1]:5555", NEITHER},
        {"tcp://[::1]x:5555", NEITHER},
        {"TCP://127.0.0.1:5555", NEITHER},
        {"udp://127.0.0.1:5555", NEITHER},
        {"inproc://x", NEITHER},
        {"ipc://", NEITHER},
        {"tcp://a\"b:5555", NEITHER},
        {"ipc:///tmp/a\\b", NEITHER},
        {"tcp://h\xc3\xb6st:5555", NEITHER},
        {"ipc:///tmp/a\n", NEITHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int serves = 0; serves < 2; serves++) {
            bool fits = cases[i].use & (serves ? SERVE : CONNECT);
            if (sl_endpoint_check(cases[i].endpoint, serves) != (fits ? SL_OK : SL_CONFIG))
                fail_msg("'%s' to %s", cases[i].endpoint, serves ? "serve on" : "connect to");
            if (!fits) assert_non_null(sl_error_hint());
        }
}

static void lengths_are_bounded(void **state) {
    (void)state;
    char text[SL_ENDPOINT_BYTES + 64];
    // a socket's path has 108 bytes with its zero
    memset(text, 'x', sizeof text);
    memcpy(text, "ipc:///", 7);
    text[6 + 107] = '\0';
    assert_int_equal(sl_endpoint_check(text, true), SL_OK);
    text[6 + 107] = 'x';
    text[6 + 108] = '\0';
    assert_int_equal(sl_endpoint_check(text, true), SL_CONFIG);
    memset(text, 'x', sizeof text);
    memcpy(text, "tcp://", 6);
    memcpy(text + SL_ENDPOINT_BYTES - 1 - 5, ":5555", 6);
    assert_int_equal(sl_endpoint_check(text, false), SL_OK);
    memset(text + SL_ENDPOINT_BYTES - 6, 'x', 6);
    memcpy(text + SL_ENDPOINT_BYTES - 5, ":5555", 6);
    assert_int_equal(sl_endpoint_check(text, false), SL_CONFIG);
}

static void names_become_addresses(void **state) {
    (void)state;
    char out[SL_ENDPOINT_BYTES] = "untouched";
    assert_int_equal(sl_endpoint_resolve("tcp://no.such.host.invalid:5555", out), SL_CONFIG);
    assert_int_equal(sl_endpoint_resolve("ipc:///tmp/x", out), SL_CONFIG);
    assert_string_equal(out, "untouched");
    assert_int_equal(sl_endpoint_resolve("tcp://localhost:5555", out), SL_OK);
    assert_true(strcmp(out, "tcp://127.0.0.1:5555") == 0 || strcmp(out, "tcp://[::1]:5555") == 0);
    assert_int_equal(sl_endpoint_resolve("tcp://[::1]:*", out), SL_OK);
    assert_string_equal(out, "tcp://[::1]:*");
    assert_true(sl_endpoint_is_ipv6(out));
    assert_false(sl_endpoint_is_ipv6("tcp://127.0.0.1:*"));
}

static void test_completed(void **state) {
    (void)state;
    static const struct {
        const char *text, *endpoint;
    } cases[] = {
        {"pi-3", "tcp://pi-3:5555"},
        {"10.0.0.1:7000", "tcp://10.0.0.1:7000"},
        {"fe80::1", "tcp://[fe80::1]:5555"},
        {"[fe80::1]", "tcp://[fe80::1]:5555"},
        {"[fe80::1]:7000", "tcp://[fe80::1]:7000"},
        {"tcp://pi:1", "tcp://pi:1"},
        {"ipc:///run/fleet", "ipc:///run/fleet"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char endpoint[SL_ENDPOINT_BYTES];
        assert_int_equal(sl_endpoint_complete(cases[i].text, 5555, endpoint), SL_OK);
        assert_string_equal(endpoint, cases[i].endpoint);
    }
    static const char *const bad[] = {"", "a b", "host:", "host:99999", "*", "tcp://host"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char endpoint[SL_ENDPOINT_BYTES] = "as it was";
        assert_int_equal(sl_endpoint_complete(bad[i], 5555, endpoint), SL_CONFIG);
        assert_string_equal(endpoint, "as it was");
    }
}

static void test_reached(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"tcp://0.0.0.0:5555", "tcp://127.0.0.1:5555"}, {"tcp://*:5555", "tcp://127.0.0.1:5555"},
        {"tcp://[::]:5555", "tcp://[::1]:5555"},        {"tcp://10.0.0.1:5555", "tcp://10.0.0.1:5555"},
        {"ipc:///run/fleet", "ipc:///run/fleet"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char endpoint[SL_ENDPOINT_BYTES];
        sl_endpoint_reach(cases[i][0], endpoint);
        assert_string_equal(endpoint, cases[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_completed),         cmocka_unit_test(test_reached),
        cmocka_unit_test(every_form_is_known),    cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(names_become_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
