/* crc32c.c - CRC-32C (Castagnoli, reflected 0x82f63b78), by the SSE4.2 instruction where there is one. */
#include "storage/crc32c.h"

#include <pthread.h>
#include <string.h>

static uint32_t table[256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void table_fill(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0);
        table[i] = crc;
    }
}

uint32_t sl_crc32c_ref(const void *bytes, size_t n_bytes) {
    (void)pthread_once(&table_once, table_fill);
    const uint8_t *at = bytes;
    uint32_t crc = ~0u;
    for (size_t i = 0; i < n_bytes; i++) crc = table[(crc ^ at[i]) & 0xff] ^ (crc >> 8);
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_sse(const void *bytes, size_t n_bytes) {
    const uint8_t *at = bytes;
    uint64_t crc = 0xffffffffu;
    for (; n_bytes >= 8; n_bytes -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        crc = __builtin_ia32_crc32di(crc, word);
    }
    uint32_t low = (uint32_t)crc;
    for (; n_bytes > 0; n_bytes--, at++) low = __builtin_ia32_crc32qi(low, *at);
    return ~low;
}

uint32_t sl_crc32c(const void *bytes, size_t n_bytes) {
    return __builtin_cpu_supports("sse4.2") ? crc_sse(bytes, n_bytes) : sl_crc32c_ref(bytes, n_bytes);
}
#else
uint32_t sl_crc32c(const void *bytes, size_t n_bytes) {
    return sl_crc32c_ref(bytes, n_bytes);
}
#endif
