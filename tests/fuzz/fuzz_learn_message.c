/* fuzz_learn_message.c - a message between trainer and coordinator: sl_learn_decode, and a picture in it. The input
 * is a row of frames, each behind its length in two little-endian bytes; the last takes what is left. */
#include "envs/shape_rows.h"
#include "net/learn_message.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(const sl_learn_message *m) {
    bool good = m->kind > 0 && m->kind < SL_LEARN_KINDS && m->run_id != 0 && m->n_episodes >= 0 && m->done >= 0 &&
                m->done <= m->total && m->version >= 0 && m->n_tensors <= SL_LEARN_MAX_TENSORS;
    unsigned sum = 0;
    for (int i = 0; i < m->n_tensors; i++) {
        const sl_wire_tensor *t = &m->tensors[i];
        uint64_t n = t->type == SL_WIRE_U8 ? 1 : t->type == SL_WIRE_F64 || t->type == SL_WIRE_I64 ? 8 : 4;
        for (int d = 0; d < t->n_dims; d++) n *= (uint64_t)t->dims[d];
        good &= n == t->n_bytes && sl_learn_tensor(m, t->role) == t;
        for (size_t k = 0; k < t->n_bytes; k++) sum += ((const uint8_t *)t->data)[k];
    }
    if (!good || sum == UINT32_MAX) abort();
}

// a picture as starling takes it out of PROGRESS
static void look(const sl_learn_message *m) {
    static sl_shape shapes[SL_MAX_SHAPES];
    const sl_wire_tensor *numbers = sl_learn_find(m, SL_TENSOR_SHAPES, SL_SHAPE(SL_ANY_LENGTH, SL_SHAPE_NUMBERS));
    if (!numbers || numbers->dims[0] > SL_MAX_SHAPES) return;
    size_t n = (size_t)numbers->dims[0];
    const sl_wire_tensor *labels = sl_learn_find(m, SL_TENSOR_LABELS, SL_SHAPE(numbers->dims[0], SL_SHAPE_BYTES));
    if (!labels) return;
    if (sl_shape_rows_read((int)n, numbers->data, labels->data, shapes) != SL_OK) return;
    for (size_t k = 0; k < n; k++) {
        if (shapes[k].unit < -1 || shapes[k].unit >= SL_MAX_AGENTS || shapes[k].label[SL_NAME_SIZE - 1]) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    static sl_learn_codec *codec;
    static sl_learn_message m;
    if (!codec && sl_learn_codec_create(&codec) != SL_OK) abort();
    sl_message frames = {.n_frames = 0};
    while (frames.n_frames == 0 || (n_bytes >= 2 && frames.n_frames < SL_MAX_FRAMES)) {
        size_t n = n_bytes >= 2 ? bytes[0] + 256U * bytes[1] : 0, skip = n_bytes >= 2 ? 2 : 0;
        n = n < n_bytes - skip ? n : n_bytes - skip;
        frames.frames[frames.n_frames++] = (sl_frame){bytes + skip, n};
        bytes += skip + n, n_bytes -= skip + n;
    }
    if (sl_learn_decode(codec, &frames, &m) != SL_OK) return 0;
    check(&m);
    look(&m);
    return 0;
}
