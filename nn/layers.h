/* layers.h - internal to nn/: the pieces (linear, activation, layer norm) that net.c strings together and tests check
 * one by one. R rows; matrices row-major and dense unless a leading dimension is named. Gradients of parameters are
 * added to, gradients of activations are written. */
#ifndef SL_NN_LAYERS_H
#define SL_NN_LAYERS_H

#include "nn/layout.h"

#define SL_NORM_EPS 1e-5f

/* y (R, O; rows ldy apart) = act(x (R, I) W + b); act NULL = none, otherwise y is dense. */
void sl_linear_forward(int R, int I, int O, const float *x, const float *W, const float *b, const sl_activation *act,
                       float *y, int ldy);
void sl_activation_forward(size_t n, sl_activation act, float *y); /* y (n) = act(y) in place */
/* dy *= act'(y) in place, and db (H) += its column sums. */
void sl_activation_backward(int R, int H, sl_activation act, const float *y, float *dy, float *db);
void sl_column_sums(int R, int C, const float *x, float *sums); /* sums (C) += */

/* to (cols, rows) = from (rows, cols; rows ld apart) turned. */
void sl_transpose(int rows, int cols, const float *from, int ld, float *to);

/* y = (x - mean) / sqrt(var + eps) * w + b row by row; stats (R, 2) keeps mean and 1 / sqrt(var + eps). */
void sl_norm_forward(int R, int H, const float *x, const float *w, const float *b, float *y, float *stats);
/* dy (R, H) becomes dx in place; dw, db += . */
void sl_norm_backward(int R, int H, const float *x, const float *stats, const float *w, float *dy, float *dw,
                      float *db);

#endif
