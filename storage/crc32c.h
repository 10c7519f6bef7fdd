/* crc32c.h - the checksum of framed records. Any thread. */
#ifndef SL_STORAGE_CRC32C_H
#define SL_STORAGE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t sl_crc32c(const void *bytes, size_t n_bytes);     /* Castagnoli; SSE4.2 where there is, a table elsewhere */
uint32_t sl_crc32c_ref(const void *bytes, size_t n_bytes); /* the table */

#endif
