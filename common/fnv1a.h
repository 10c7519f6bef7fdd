/* fnv1a.h - the FNV-1a hash of 64 bits (Fowler, Noll and Vo), for names and for comparing states; no checksum. Any
 * thread. */
#ifndef SL_COMMON_FNV1A_H
#define SL_COMMON_FNV1A_H

#include <stddef.h>
#include <stdint.h>

#define SL_FNV1A UINT64_C(0xcbf29ce484222325) /* of nothing */

/* The hash of what hash is of, followed by n bytes; NULL bytes add nothing. */
static inline uint64_t sl_fnv1a(uint64_t hash, const void *bytes, size_t n) {
    const uint8_t *at = bytes;
    for (size_t i = 0; at && i < n; i++) hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
