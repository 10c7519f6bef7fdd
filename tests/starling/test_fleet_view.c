/* test_fleet_view.c - the table of starling top: what it shows of a page, at every width and height, and what it does
 * with pages that mean harm. */
#include "starling/view/fleet_view.h"

#include "common/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char text[SL_VIEW_BYTES];

static const char good[] =
    "{\"coordinator\": {\"run\":\"runs/a\",\"env\":\"combat/3m\",\"work\":\"fly\",\"ticks_per_second\":2741.2},"
    "\"requests\": {\"work_done\":12,\"work_size\":100,\"buffer_episodes\":0},"
    "\"process\": {\"uptime_seconds\":3905,\"resident_bytes\":16e6,\"cpu_seconds\":7,\"snapshot_age\":0.1},"
    "\"fleet\": {\"ticks\":9000,\"missed\":2,\"absent\":0,\"round_trip_p50\":0.00017,\"round_trip_p99\":0.0123},"
    "\"slots\": [{\"slot\":0,\"state\":\"live\",\"device\":\"pi3\",\"address\":\"10.0.0.7\",\"arch\":\"aarch64\","
    "\"build\":\"0.1.0\",\"hidden\":16,\"model\":\"55a2ee0aa6a4\",\"joined\":3,\"missed\":2,\"absent\":0,\"age\":0."
    "004,"
    "\"round_trip_p50\":0.00017,\"round_trip_p99\":1.5},"
    "{\"slot\":1,\"state\":\"dead\",\"device\":\"pi4\",\"joined\":1,\"missed\":0,\"absent\":7,\"age\":4}]}";

static sl_view_size size_of(int columns, int rows, bool colour) {
    return (sl_view_size){.columns = columns, .rows = rows, .colour = colour, .line_end = "\n"};
}

static void draw(const char *json, const sl_view_size *size, const char *trouble) {
    json_t *page = json ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;
    assert_true(!json || page);
    size_t n = sl_fleet_view_render(page, "127.0.0.1:9464", trouble, size, text);
    assert_int_equal(n, strlen(text));
    json_decref(page);
}

static void assert_shows(const char *part) {
    if (!strstr(text, part)) fail_msg("no '%s' in\n%s", part, text);
}

static void assert_within(int columns, int rows) {
    int lines = 0;
    for (const char *line = text; *line; lines++) {
        size_t n = strcspn(line, "\n");
        if (n > (size_t)columns) fail_msg("%zu > %d: %s", n, columns, text);
        for (size_t i = 0; i < n; i++) assert_true(line[i] >= ' ' && line[i] <= '~');
        line += n + (line[n] == '\n');
    }
    assert_true(rows == 0 || lines <= rows - 1);
}

static void a_page_is_a_table(void **state) {
    (void)state;
    sl_view_size size = size_of(80, 24, false);
    draw(good, &size, NULL);
    assert_shows("starling top  127.0.0.1:9464  combat/3m  runs/a\n");
    assert_shows("fly 12 of 100  2741 ticks/s  tick 9000\n");
    assert_shows("1 of 2 live  late 2\n");
    assert_shows("round trip p50 170 us  p99 12.3 ms");
    assert_shows("up 1:05:05, 16 MB, cpu 0:07\n");
    assert_shows("SLOT STATE   DEVICE     ARCH        P50     P99     AGE MISSED RESTARTS MODEL   \n");
    assert_shows("   0 live    pi3        aarch64  170 us  1.50 s 4.00 ms      2        2 55a2ee0a\n");
    assert_shows("   1 dead    pi4        -             -       -  4.00 s      7        0 -       \n");
    size.columns = 120;
    draw(good, &size, NULL);
    assert_shows(" 10.0.0.7 ");
    assert_shows("ADDRESS");
    size.rows = 9;
    draw(good, &size, NULL);
    assert_shows("and 2 more slots, 1 of them not live");
}

static void it_fits_every_terminal(void **state) {
    (void)state;
    for (int columns = 40; columns <= 200; columns++) {
        for (int rows = 8; rows <= 40; rows += 4) {
            sl_view_size size = size_of(columns, rows, false);
            draw(good, &size, "no page at 127.0.0.1:9464: Connection refused; trying again, and a few words more");
            assert_within(columns, rows);
            assert_shows("starling top");
        }
    }
}

static void colours_are_for_those_who_want_them(void **state) {
    (void)state;
    sl_view_size size = size_of(80, 24, true);
    draw(good, &size, NULL);
    assert_shows("\x1b[38;5;40mlive   \x1b[0m");
    size.colour = false;
    draw(good, &size, NULL);
    assert_null(strchr(text, '\x1b'));
}

static void silence_is_told(void **state) {
    (void)state;
    sl_view_size size = size_of(80, 24, false);
    draw(NULL, &size, "no page at 127.0.0.1:9464: Connection refused; trying again");
    assert_shows("Connection refused; trying again\n");
    draw("{\"process\": {\"uptime_seconds\":9,\"snapshot_age\":31}}", &size, NULL);
    assert_shows("its work has said nothing for 31.0 s");
}

static void nothing_but_printed_ascii_comes_out(void **state) {
    (void)state;
    sl_view_size size = size_of(200, 24, false);
    draw("{\"coordinator\": {\"env\":\"\\u001b[2J\\u009b\",\"run\":\"a\\nb\\u202e\",\"work\":\"\\u0007\"},"
         "\"slots\": [{\"slot\":0,\"state\":\"li\\u001bve\",\"device\":\"pi\\u001b]0;x\\u0007\"}]}",
         &size, NULL);
    assert_within(200, 24);
    assert_shows("li?ve");
    // of wrong types, missing, huge
    static const char *const odd[] = {
        "[]",
        "7",
        "{}",
        "{\"slots\": 7}",
        "{\"slots\": [7, null, [], {}]}",
        "{\"fleet\": [], \"coordinator\": 3}",
        "{\"fleet\": {\"ticks\": \"many\", \"missed\": 1e300, \"round_trip_p50\": -1}}",
        "{\"slots\": [{\"slot\": 1e300}]}",
        "{\"trainer\": {}, \"stage\": {\"return\": 1e300, \"won\": \"x\"}}",
        "{\"trainer\": {\"stage\": \"teacher\"}, \"process\": {\"uptime_seconds\": 1e300}}",
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        draw(odd[i], &size, NULL);
        assert_within(200, 24);
    }
}

static void a_thousand_slots_are_a_line_each(void **state) {
    (void)state;
    json_t *page = json_object(), *slots = json_array();
    for (int i = 0; i < 1024; i++)
        assert_int_equal(json_array_append_new(slots, json_pack("{s:i,s:s}", "slot", i, "state", "free")), 0);
    assert_int_equal(json_object_set_new(page, "slots", slots), 0);
    sl_view_size size = size_of(80, 0, false);
    (void)sl_fleet_view_render(page, "x:1", NULL, &size, text);
    assert_shows("\n1023 free");
    size.rows = 30;
    (void)sl_fleet_view_render(page, "x:1", NULL, &size, text);
    assert_within(80, 30);
    assert_shows(" of them not live");
    json_decref(page);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_a_table),
        cmocka_unit_test(it_fits_every_terminal),
        cmocka_unit_test(colours_are_for_those_who_want_them),
        cmocka_unit_test(silence_is_told),
        cmocka_unit_test(nothing_but_printed_ascii_comes_out),
        cmocka_unit_test(a_thousand_slots_are_a_line_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
