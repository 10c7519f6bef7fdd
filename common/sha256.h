/* sha256.h - SHA-256 as Starling writes it: 64 lower-case hexadecimal digits. Any thread. */
#ifndef SL_COMMON_SHA256_H
#define SL_COMMON_SHA256_H

#include <stdbool.h>
#include <string.h>

/* Whether text, of a peer or a file, is written so: what is may become part of a path. */
static inline bool sl_sha256_is_text(const char *text) {
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

#endif
