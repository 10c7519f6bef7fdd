/* shape_rows.c - see shape_rows.h. */
#include "envs/shape_rows.h"

#include <math.h>
#include <string.h>

static const float MAX_NUMBER = 1e6f;

void sl_shape_rows_write(int n, const sl_shape *shapes, float *numbers, uint8_t *bytes) {
    for (int k = 0; k < n; k++, numbers += SL_SHAPE_NUMBERS, bytes += SL_SHAPE_BYTES) {
        const sl_shape *s = &shapes[k];
        const float row[SL_SHAPE_NUMBERS] = {(float)s->kind, s->x,           s->y,           s->r,
                                             s->x2,          s->y2,          s->health,      s->full_health,
                                             s->shield,      s->full_shield, (float)s->unit, (float)s->target};
        memcpy(numbers, row, sizeof row);
        for (int c = 0; c < 4; c++) bytes[c] = (uint8_t)(s->rgba >> (24 - 8 * c));
        memset(bytes + 4, 0, SL_NAME_SIZE);
        memcpy(bytes + 4, s->label, strnlen(s->label, SL_NAME_SIZE - 1));
    }
}

static bool is_unit(float number) {
    return number >= -1.0f && number < (float)SL_MAX_AGENTS && number == floorf(number);
}

static bool row_is_sound(const float *row) {
    for (int c = 0; c < SL_SHAPE_NUMBERS; c++) {
        // NaN fails it too
        if (!(fabsf(row[c]) <= MAX_NUMBER)) return false;
    }
    return (row[0] == 0.0f || row[0] == 1.0f) && is_unit(row[10]) && is_unit(row[11]);
}

sl_status sl_shape_rows_read(int n, const void *numbers, const uint8_t *bytes, sl_shape *shapes) {
    for (int k = 0; k < n; k++, bytes += SL_SHAPE_BYTES) {
        float row[SL_SHAPE_NUMBERS];
        memcpy(row, (const uint8_t *)numbers + (size_t)k * sizeof row, sizeof row);
        if (!row_is_sound(row)) return sl_fail(SL_CORRUPT, NULL, "shape %d of a picture is none", k);
        sl_shape *s = &shapes[k];
        *s = (sl_shape){.kind = row[0] == 0.0f ? SL_SHAPE_CIRCLE : SL_SHAPE_LINE,
                        .x = row[1],
                        .y = row[2],
                        .r = row[3],
                        .x2 = row[4],
                        .y2 = row[5],
                        .health = row[6],
                        .full_health = row[7],
                        .shield = row[8],
                        .full_shield = row[9],
                        .unit = (int)row[10],
                        .target = (int)row[11]};
        for (int c = 0; c < 4; c++) s->rgba |= (uint32_t)bytes[c] << (24 - 8 * c);
        for (int c = 0; c < SL_NAME_SIZE - 1 && bytes[4 + c]; c++) {
            s->label[c] = bytes[4 + c] >= ' ' && bytes[4 + c] <= '~' ? (char)bytes[4 + c] : '?';
        }
    }
    return SL_OK;
}
