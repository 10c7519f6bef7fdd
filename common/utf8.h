/* utf8.h - whether bytes from outside are UTF-8, for what has to be: JSON, YAML, metadata. Any thread. */
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

#endif
