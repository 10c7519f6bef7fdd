/* utf8.h - whether bytes from outside are UTF-8, for what has to be: JSON, YAML, metadata; and whether a terminal
 * shows them as what they are. Any thread. */
#ifndef SL_COMMON_UTF8_H
#define SL_COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at text, which ends with a zero; 0 when it is none: overlong, a surrogate, past the last
 * plane, or cut short. */
static inline size_t sl_utf8_length(const char *text) {
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] < 0x80) return 1;
    size_t n = at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
    }
    // the second byte is narrower after these four
    if (at[0] == 0xe0 && at[1] < 0xa0) return 0;
    if (at[0] == 0xed && at[1] > 0x9f) return 0;
    if (at[0] == 0xf0 && at[1] < 0x90) return 0;
    if (at[0] == 0xf4 && at[1] > 0x8f) return 0;
    return n;
}

static inline bool sl_utf8_is_valid(const char *text) {
    while (*text) {
        size_t n = sl_utf8_length(text);
        if (n == 0) return false;
        text += n;
    }
    return true;
}

/* Bytes of the character at text when it stands for itself on a terminal; 0 for bad UTF-8, and for what moves or
 * turns the text around it: control characters (C0, DEL, C1), separators of lines, and marks of writing direction. */
static inline size_t sl_utf8_plain_length(const char *text) {
    const unsigned char *at = (const unsigned char *)text;
    size_t n = sl_utf8_length(text);
    if (n == 1) return at[0] < 0x20 || at[0] == 0x7f ? 0 : 1;
    if (n == 2 && at[0] == 0xc2 && at[1] < 0xa0) return 0;  // U+0080..9F
    if (n == 2 && at[0] == 0xd8 && at[1] == 0x9c) return 0; // U+061C
    if (n != 3 || at[0] != 0xe2) return n;
    if (at[1] == 0x80 && (at[2] == 0x8e || at[2] == 0x8f)) return 0; // U+200E, 200F
    if (at[1] == 0x80 && at[2] >= 0xa8 && at[2] <= 0xae) return 0;   // U+2028..202E
    if (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9) return 0;   // U+2066..2069
    return n;
}

static inline bool sl_utf8_is_plain(const char *text) {
    while (*text) {
        size_t n = sl_utf8_plain_length(text);
        if (n == 0) return false;
        text += n;
    }
    return true;
}

/* Puts a question mark in the place of every byte that is not part of a plain character. */
static inline void sl_utf8_make_plain(char *text) {
    while (*text) {
        size_t n = sl_utf8_plain_length(text);
        if (n == 0) *text = '?';
        text += n ? n : 1;
    }
}

#endif
