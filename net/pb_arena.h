/* pb_arena.h - a fixed block that protobuf-c unpacks into, so that decoding allocates nothing and a hostile message
 * can take no more than the block. Included by the codecs of net/ alone; one codec owns one. */
#ifndef SL_NET_PB_ARENA_H
#define SL_NET_PB_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "arrays cross the wire as they lie in memory: little-endian"
#endif

enum { SL_PREFIX_BYTES = 8 };

/* The 8 bytes before every protobuf body: magic (4), major, minor, kind, 0. They are read before anything else, so
 * that another major version may change all that follows. */
typedef struct sl_prefix {
    char magic[4];
    uint8_t major, minor, kind, zero;
} sl_prefix;

typedef struct sl_pb_arena {
    ProtobufCAllocator allocator; /* its data points to this struct: the struct must not move */
    uint8_t *base;
    size_t n_bytes, used;
} sl_pb_arena;

void sl_pb_arena_init(sl_pb_arena *self, uint8_t *base, size_t n_bytes); /* base is borrowed, 8-byte aligned */
/* Forgets what was unpacked before and unpacks anew: NULL when malformed or too large for the block. */
ProtobufCMessage *sl_pb_unpack(sl_pb_arena *self, const ProtobufCMessageDescriptor *type, const void *bytes,
                               size_t n_bytes);

#endif
