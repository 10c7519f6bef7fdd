/* pb_arena.c - the bump allocator behind the codecs. */
#include "net/pb_arena.h"

static void *take(void *data, size_t n_bytes) {
    sl_pb_arena *self = data;
    if (n_bytes > self->n_bytes - self->used) return NULL;
    void *memory = self->base + self->used;
    size_t rounded = (n_bytes + 15) & ~(size_t)15;
    self->used = rounded < self->n_bytes - self->used ? self->used + rounded : self->n_bytes;
    return memory;
}

static void give_back(void *data, void *memory) {
    (void)data, (void)memory;
}

void sl_pb_arena_init(sl_pb_arena *self, uint8_t *base, size_t n_bytes) {
    self->allocator = (ProtobufCAllocator){take, give_back, self};
    self->base = base;
    self->n_bytes = n_bytes;
    self->used = 0;
}

ProtobufCMessage *sl_pb_unpack(sl_pb_arena *self, const ProtobufCMessageDescriptor *type, const void *bytes,
                               size_t n_bytes) {
    self->used = 0;
    return protobuf_c_message_unpack(type, &self->allocator, n_bytes, bytes);
}
