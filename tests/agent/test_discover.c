/* test_discover.c - what avahi-browse prints, and what of it is a coordinator. */
#include "agent/discover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_lines(void **state) {
    (void)state;
    static const char *const good[][2] = {
        {"=;eth0;IPv4;starling spread 5555;_starling._tcp;local;pi.local;192.168.1.5;5555;",
         "tcp://192.168.1.5:5555"},
        {"=;lo;IPv4;a\\032b;_starling._tcp;local;host.local;127.0.0.1;7000;\"x=y\"", "tcp://127.0.0.1:7000"},
        {"=;eth0;IPv6;n;_starling._tcp;local;pi.local;2001:db8::5;5555;", "tcp://[2001:db8::5]:5555"},
    };
    static const char *const bad[] = {"", "+;eth0;IPv4;starling;_starling._tcp;local",
                                      "=;eth0;IPv4;n;_starling._tcp;local;pi.local;10.0.0.1",
                                      "=;eth0;IPv4;n;_starling._tcp;local;pi.local;10.0.0.1;99999;",
                                      "=;eth0;IPv4;n;_starling._tcp;local;pi.local;10.0.0.1 x;5555;",
                                      // one of a link only
                                      "=;eth0;IPv6;n;_starling._tcp;local;pi.local;fe80::1;5555;"};
    char endpoint[SL_ENDPOINT_BYTES];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(sl_discover_read(good[i][0], endpoint));
        assert_string_equal(endpoint, good[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(sl_discover_read(bad[i], endpoint));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
