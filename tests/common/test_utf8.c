/* test_utf8.c - every code point is valid in its one encoding, and nothing else is. */
#include "common/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// point in n bytes, whether or not that is its shortest form
static void encode(uint32_t point, size_t n, char text[5]) {
    static const unsigned lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--) {
        text[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    text[0] = (char)(lead[n] | point);
    text[n] = '\0';
}

static void every_code_point_has_one_form(void **state) {
    (void)state;
    static const uint32_t ends[] = {0, 0x80, 0x800, 0x10000, 0x200000};
    char text[5];
    for (size_t n = 1; n <= 4; n++) {
        for (uint32_t point = 1; point < ends[n]; point++) {
            bool valid = point >= ends[n - 1] && !(point >= 0xd800 && point < 0xe000) && point <= 0x10ffff;
            encode(point, n, text);
            if (sl_utf8_length(text) != (valid ? n : 0)) fail_msg("U+%x in %zu bytes", point, n);
            // a character that is cut is none
            text[n - 1] = '\0';
            if (n > 1) assert_false(sl_utf8_is_valid(text));
        }
    }
}

static void texts_are_valid_to_their_last_character(void **state) {
    (void)state;
    assert_true(sl_utf8_is_valid(""));
    assert_true(sl_utf8_is_valid("a \xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xa6"));
    assert_false(sl_utf8_is_valid("\x80"));
    assert_false(sl_utf8_is_valid("a\xff"));
    assert_false(sl_utf8_is_valid("\xf8\x88\x80\x80\x80"));
    assert_false(sl_utf8_is_valid("\xc3\xa4\xc3("
                                  "\xa4"));
}

// those of Unicode's categories Cc, Zl, Zp and of its property Bidi_Control
static bool is_control(uint32_t point) {
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c || point == 0x200e || point == 0x200f ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

static void plain_is_all_but_controls(void **state) {
    (void)state;
    char text[5];
    for (uint32_t point = 1; point <= 0x10ffff; point++) {
        size_t n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        encode(point, n, text);
        size_t plain = sl_utf8_length(text) && !is_control(point) ? n : 0;
        if (sl_utf8_plain_length(text) != plain) fail_msg("U+%x", point);
        assert_int_equal(sl_utf8_is_plain(text), plain > 0);
        sl_utf8_make_plain(text);
        assert_true(sl_utf8_is_plain(text) && strlen(text) == n);
    }
    char line[] = "\u00e9 \x1b\x80\u202e \xe2\x80";
    sl_utf8_make_plain(line);
    assert_string_equal(line, "\u00e9 ????? ??");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_has_one_form),
        cmocka_unit_test(plain_is_all_but_controls),
        cmocka_unit_test(texts_are_valid_to_their_last_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
