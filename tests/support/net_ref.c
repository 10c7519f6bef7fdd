/* net_ref.c - the naive twins of net.c: one sequence at a time, one output at a time, sums in double precision. For
 * tests, which read this file as the definition. */
#include "support/net_ref.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "nn/layers.h"

#include <math.h>
#include <string.h>

// everything one sequence computes, a row a step
typedef struct tape {
    double *x, *x_norm, *act[SL_NET_MAX_LAYERS], *out[SL_NET_MAX_LAYERS];
    double *r, *z, *n, *gh_n, *hm, *h, *cell_out;
} tape;

typedef struct naive {
    const sl_net_def *def;
    sl_net_offsets at;
    const float *p;
    int T, B;
} naive;

static double *new_rows(int T, int width) {
    double *rows = sl_alloc_array((size_t)T * (size_t)width, sizeof *rows);
    SL_ASSERT(rows);
    return rows;
}

static tape tape_new(const naive *net) {
    int H = net->def->hidden, T = net->T;
    tape k = {.x = new_rows(T, net->def->in_dim), .x_norm = new_rows(T, net->def->in_dim)};
    for (int l = 0; l < net->def->n_layers; l++) {
        k.act[l] = new_rows(T, H);
        k.out[l] = new_rows(T, H);
    }
    double **rest[] = {&k.r, &k.z, &k.n, &k.gh_n, &k.hm, &k.h, &k.cell_out};
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) *rest[i] = new_rows(T, H);
    return k;
}

static void tape_free(tape *k) {
    double *all[] = {k->x, k->x_norm, k->r, k->z, k->n, k->gh_n, k->hm, k->h, k->cell_out};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) sl_free(all[i]);
    for (int l = 0; l < SL_NET_MAX_LAYERS; l++) {
        sl_free(k->act[l]);
        sl_free(k->out[l]);
    }
}

// column j of x W + b
static double affine(int I, int O, const double *x, const float *W, const float *b, int j) {
    double sum = (double)b[j];
    for (int i = 0; i < I; i++) sum += x[i] * (double)W[i * O + j];
    return sum;
}

static void norm_stats(int n, const double *x, double *mean, double *scale) {
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) sum += x[i];
    *mean = sum / n;
    for (int i = 0; i < n; i++) squares += (x[i] - *mean) * (x[i] - *mean);
    *scale = 1 / sqrt(squares / n + (double)SL_NORM_EPS);
}

static void norm(bool on, int n, const double *x, const float *w, const float *b, double *y) {
    double mean, scale;
    norm_stats(n, x, &mean, &scale);
    for (int i = 0; i < n; i++) y[i] = on ? (x[i] - mean) * scale * (double)w[i] + (double)b[i] : x[i];
}

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

static void cell_step(const naive *net, const double *in, const double *hm, size_t row, tape *k) {
    int H = net->def->hidden;
    const float *p = net->p;
    const sl_net_offsets *at = &net->at;
    for (int j = 0; j < H; j++) {
        double gi[3], gh[3];
        for (int gate = 0; gate < 3; gate++) {
            gi[gate] = affine(H, 3 * H, in, p + at->w_ih, p + at->b_ih, gate * H + j);
            gh[gate] = affine(H, 3 * H, hm, p + at->w_hh, p + at->b_hh, gate * H + j);
        }
        size_t i = row + (size_t)j;
        k->r[i] = sigmoid(gi[0] + gh[0]);
        k->z[i] = sigmoid(gi[1] + gh[1]);
        k->n[i] = tanh(gi[2] + k->r[i] * gh[2]);
        k->gh_n[i] = gh[2];
        k->h[i] = (1 - k->z[i]) * k->n[i] + k->z[i] * hm[j];
    }
}

// all steps of sequence b onto the tape; out, z as in sl_net_forward, either may be NULL
static void forward_sequence(const naive *net, int b, const float *x, const float *h0, const float *not_first,
                             tape *k, float *out, float *z) {
    const sl_net_def *def = net->def;
    const float *p = net->p;
    size_t I = (size_t)def->in_dim, H = (size_t)def->hidden, A = (size_t)def->out_dim;
    for (size_t t = 0; t < (size_t)net->T; t++) {
        size_t tb = t * (size_t)net->B + (size_t)b, row = t * H;
        for (size_t i = 0; i < I; i++) k->x[t * I + i] = (double)x[tb * I + i];
        const double *in = k->x_norm + t * I, *embedding;
        norm(def->layer_norm, def->in_dim, k->x + t * I, p + net->at.in_norm_w, p + net->at.in_norm_b,
             k->x_norm + t * I);
        for (int l = 0; l < def->n_layers; l++) {
            for (int j = 0; j < def->hidden; j++) {
                double y = affine(l == 0 ? def->in_dim : def->hidden, def->hidden, in, p + net->at.layer[l].w,
                                  p + net->at.layer[l].b, j);
                k->act[l][row + (size_t)j] = def->activation == SL_ACT_TANH ? tanh(y) : y > 0 ? y : 0;
            }
            norm(def->layer_norm, def->hidden, k->act[l] + row, p + net->at.layer[l].norm_w,
                 p + net->at.layer[l].norm_b, k->out[l] + row);
            in = k->out[l] + row;
        }
        embedding = in;
        if (def->cell == SL_CELL_GRU) {
            double kept = not_first ? (double)not_first[tb] : 1;
            for (size_t j = 0; j < H; j++) {
                double before = t > 0 ? k->h[row - H + j] : h0 ? (double)h0[(size_t)b * H + j] : 0;
                k->hm[row + j] = kept * before;
            }
            cell_step(net, in, k->hm + row, row, k);
            norm(def->layer_norm, def->hidden, k->h + row, p + net->at.cell_norm_w, p + net->at.cell_norm_b,
                 k->cell_out + row);
            in = k->cell_out + row;
            embedding = k->h + row;
        }
        for (int a = 0; out && a < def->out_dim; a++) {
            out[tb * A + (size_t)a] =
                (float)affine(def->hidden, def->out_dim, in, p + net->at.head_w, p + net->at.head_b, a);
        }
        for (size_t j = 0; z && j < H; j++) z[tb * H + j] = (float)embedding[j];
    }
}

void sl_net_forward_ref(const sl_net_def *def, const float *params, int T, int B, const float *x, const float *h0,
                        const float *not_first, float *out, float *z) {
    naive net = {def, sl_net_get_offsets(def), params, T, B};
    tape k = tape_new(&net);
    for (int b = 0; b < B; b++) forward_sequence(&net, b, x, h0, not_first, &k, out, z);
    tape_free(&k);
}

// dy of y = x W + b: parameter gradients added, dx added
static void affine_backward(int I, int O, const double *x, const float *W, const double *dy, double *dW, double *db,
                            double *dx) {
    for (int j = 0; j < O; j++) {
        db[j] += dy[j];
        for (int i = 0; i < I; i++) {
            dW[i * O + j] += x[i] * dy[j];
            dx[i] += (double)W[i * O + j] * dy[j];
        }
    }
}

static void norm_backward(bool on, int n, const double *x, const float *w, double *dw, double *db, double *d) {
    if (!on) return;
    double mean, scale, sum = 0, sum_xhat = 0;
    norm_stats(n, x, &mean, &scale);
    for (int i = 0; i < n; i++) {
        double xhat = (x[i] - mean) * scale;
        dw[i] += d[i] * xhat;
        db[i] += d[i];
        sum += d[i] * (double)w[i];
        sum_xhat += d[i] * (double)w[i] * xhat;
    }
    for (int i = 0; i < n; i++) {
        d[i] = scale * (d[i] * (double)w[i] - sum / n - (x[i] - mean) * scale * sum_xhat / n);
    }
}

// dh (H) of the state after a step becomes the gradient of the masked state before it; din (H) is added to
static void cell_backward(const naive *net, const tape *k, size_t row, const double *in, double *g, double *dh,
                          double *din) {
    int H = net->def->hidden;
    double dgi[3 * SL_NET_MAX_HIDDEN], dgh[3 * SL_NET_MAX_HIDDEN];
    for (int j = 0; j < H; j++) {
        size_t i = row + (size_t)j;
        double r = k->r[i], z = k->z[i], n = k->n[i];
        double d_n = dh[j] * (1 - z) * (1 - n * n);
        dgi[j] = dgh[j] = d_n * k->gh_n[i] * r * (1 - r);
        dgi[H + j] = dgh[H + j] = dh[j] * (k->hm[i] - n) * z * (1 - z);
        dgi[2 * H + j] = d_n;
        dgh[2 * H + j] = d_n * r;
        dh[j] *= z;
    }
    const sl_net_offsets *at = &net->at;
    affine_backward(H, 3 * H, in, net->p + at->w_ih, dgi, g + at->w_ih, g + at->b_ih, din);
    affine_backward(H, 3 * H, k->hm + row, net->p + at->w_hh, dgh, g + at->w_hh, g + at->b_hh, dh);
}

static void layers_backward(const naive *net, const tape *k, size_t t, double *g, double *d, double *din) {
    const sl_net_def *def = net->def;
    size_t H = (size_t)def->hidden, I = (size_t)def->in_dim;
    for (int l = def->n_layers - 1; l >= 0; l--) {
        const double *act = k->act[l] + t * H;
        norm_backward(def->layer_norm, def->hidden, act, net->p + net->at.layer[l].norm_w,
                      g + net->at.layer[l].norm_w, g + net->at.layer[l].norm_b, d);
        for (size_t j = 0; j < H; j++) {
            double slope = act[j] > 0 ? 1 : 0;
            d[j] *= def->activation == SL_ACT_TANH ? 1 - act[j] * act[j] : slope;
        }
        size_t width = l == 0 ? I : H;
        memset(din, 0, width * sizeof *din);
        affine_backward((int)width, def->hidden, l == 0 ? k->x_norm + t * I : k->out[l - 1] + t * H,
                        net->p + net->at.layer[l].w, d, g + net->at.layer[l].w, g + net->at.layer[l].b, din);
        memcpy(d, din, width * sizeof *d);
    }
    norm_backward(def->layer_norm, def->in_dim, k->x + t * I, net->p + net->at.in_norm_w, g + net->at.in_norm_w,
                  g + net->at.in_norm_b, d);
}

// back through the tape of sequence b; d, din are scratch of max(I, H)
static void backward_sequence(const naive *net, int b, const float *not_first, const float *dout, const float *dz,
                              const tape *k, double *g, double *d, double *din) {
    const sl_net_def *def = net->def;
    size_t H = (size_t)def->hidden, A = (size_t)def->out_dim;
    double dh[SL_NET_MAX_HIDDEN] = {0}, dy[1 << 10];
    SL_ASSERT(A <= sizeof dy / sizeof dy[0]);
    bool gru = def->cell == SL_CELL_GRU;
    for (size_t t = (size_t)net->T; t-- > 0;) {
        size_t tb = t * (size_t)net->B + (size_t)b;
        const double *last = k->out[def->n_layers - 1] + t * H;
        for (size_t a = 0; a < A; a++) dy[a] = (double)dout[tb * A + a];
        memset(d, 0, H * sizeof *d);
        affine_backward(def->hidden, def->out_dim, gru ? k->cell_out + t * H : last, net->p + net->at.head_w, dy,
                        g + net->at.head_w, g + net->at.head_b, d);
        if (gru) {
            norm_backward(def->layer_norm, def->hidden, k->h + t * H, net->p + net->at.cell_norm_w,
                          g + net->at.cell_norm_w, g + net->at.cell_norm_b, d);
        }
        for (size_t j = 0; dz && j < H; j++) d[j] += (double)dz[tb * H + j];
        if (gru) {
            for (size_t j = 0; j < H; j++) dh[j] += d[j];
            memset(d, 0, H * sizeof *d);
            cell_backward(net, k, t * H, last, g, dh, d);
            for (size_t j = 0; not_first && j < H; j++) dh[j] *= (double)not_first[tb];
        }
        layers_backward(net, k, t, g, d, din);
    }
}

void sl_net_backward_ref(const sl_net_def *def, const float *params, int T, int B, const float *x, const float *h0,
                         const float *not_first, const float *dout, const float *dz, float *grads) {
    naive net = {def, sl_net_get_offsets(def), params, T, B};
    size_t n = sl_net_n_params(def);
    int widest = def->in_dim > def->hidden ? def->in_dim : def->hidden;
    tape k = tape_new(&net);
    double *g = new_rows(1, (int)n), *d = new_rows(2, widest);
    for (int b = 0; b < B; b++) {
        forward_sequence(&net, b, x, h0, not_first, &k, NULL, NULL);
        backward_sequence(&net, b, not_first, dout, dz, &k, g, d, d + widest);
    }
    for (size_t i = 0; i < n; i++) grads[i] += (float)g[i];
    sl_free(g);
    sl_free(d);
    tape_free(&k);
}
