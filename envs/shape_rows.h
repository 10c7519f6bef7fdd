/* shape_rows.h - shapes as rows of numbers and bytes, for the wire. Any thread. */
#ifndef SL_ENVS_SHAPE_ROWS_H
#define SL_ENVS_SHAPE_ROWS_H

#include "common/status.h"
#include "envs/picture.h"

/* A row of numbers: kind (0 circle, 1 line), x, y, r, x2, y2, health, full_health, shield, full_shield, unit, target.
 * A row of bytes: red, green, blue, alpha, then the label, padded with zeros. */
enum { SL_SHAPE_NUMBERS = 12, SL_SHAPE_BYTES = 4 + SL_NAME_SIZE };

/* numbers (n, SL_SHAPE_NUMBERS), bytes (n, SL_SHAPE_BYTES). */
void sl_shape_rows_write(int n, const sl_shape *shapes, float *numbers, uint8_t *bytes);
/* Rows that anyone may have written, aligned to nothing. SL_CORRUPT: a kind or unit that there is not, or a number
 * that is not within 1e6. Labels become printable. */
SL_MUST_CHECK sl_status sl_shape_rows_read(int n, const void *numbers, const uint8_t *bytes, sl_shape *shapes);

#endif
