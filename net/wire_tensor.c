/* wire_tensor.c - see wire_tensor.h. */
#include "net/wire_tensor.h"

#include "common/assert.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
    const char *name;
    size_t n_bytes;
} types[] = {[SL_WIRE_F32] = {"f32", 4},
             [SL_WIRE_F64] = {"f64", 8},
             [SL_WIRE_I32] = {"i32", 4},
             [SL_WIRE_I64] = {"i64", 8},
             [SL_WIRE_U8] = {"u8", 1}};

#define ROW(number, role, member, type, ...) [number] = {#role, SL_WIRE_##type},
static const struct {
    const char *name;
    sl_wire_type type;
} rows[SL_TENSOR_ROLES] = {SL_BATCH_TENSORS(ROW) SL_LINK_TENSORS(ROW)};

const char *sl_tensor_role_name(sl_tensor_role role) {
    SL_ASSERT(role > 0 && role < SL_TENSOR_ROLES);
    return rows[role].name;
}

sl_wire_type sl_tensor_role_type(sl_tensor_role role) {
    SL_ASSERT(role > 0 && role < SL_TENSOR_ROLES);
    return rows[role].type;
}

sl_wire_shape sl_tensor_role_shape(sl_tensor_role role) {
    enum { n = SL_ANY_LENGTH };
#define DIMS(...)                                                                                                    \
    { __VA_ARGS__ }
#define SHAPE(number, role, member, type, shape, text) [number] = {SL_N_DIMS shape, DIMS shape},
    static const sl_wire_shape shapes[SL_TENSOR_ROLES] = {SL_LINK_TENSORS(SHAPE)};
    SL_ASSERT(role > 0 && role < SL_TENSOR_ROLES);
    return shapes[role];
}

size_t sl_wire_type_bytes(sl_wire_type type) {
    return types[type].n_bytes;
}

bool sl_wire_tensor_fits(const sl_wire_tensor *self, const sl_wire_shape *shape) {
    bool fits = self->type == sl_tensor_role_type(self->role) && self->n_dims == shape->n_dims;
    for (int d = 0; fits && d < shape->n_dims; d++)
        fits = shape->dims[d] == SL_ANY_LENGTH || self->dims[d] == shape->dims[d];
    return fits;
}

void sl_wire_text(sl_wire_type type, int n_dims, const int64_t *dims, char text[SL_WIRE_TEXT]) {
    size_t at = (size_t)snprintf(text, SL_WIRE_TEXT, "%s (", types[type].name);
    for (int d = 0; d < n_dims; d++) {
        const char *end = d + 1 < n_dims ? ", " : ")";
        if (dims[d] == SL_ANY_LENGTH)
            at += (size_t)snprintf(text + at, SL_WIRE_TEXT - at, "n%s", end);
        else
            at += (size_t)snprintf(text + at, SL_WIRE_TEXT - at, "%" PRId64 "%s", dims[d], end);
    }
}
