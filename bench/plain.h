/* plain.h - a decision in plain C, as one writes it who wants it fast on one machine: sizes are constants, the
 * compiler may do what it likes (-O3 -ffast-math). What agents are measured beside; only starling-plain-peer links
 * it. The numbers are random; one thread. */
#ifndef SL_BENCH_PLAIN_H
#define SL_BENCH_PLAIN_H

enum { SL_PLAIN_OBS = 18, SL_PLAIN_ACTIONS = 5 };

/* GRU: a layer (relu) and a GRU; tanh: two layers; both with a head. Weights are stored by input, or by output as
 * PyTorch does: which is faster depends on the size. */
typedef enum sl_plain_net { SL_PLAIN_GRU, SL_PLAIN_TANH, SL_PLAIN_NETS } sl_plain_net;
typedef enum sl_plain_rows { SL_PLAIN_BY_INPUT, SL_PLAIN_BY_OUTPUT, SL_PLAIN_ROWS } sl_plain_rows;

typedef struct sl_plain {
    int hidden;
    void (*reset)(float (*draw)(void));                            /* new weights, and the recurrent state is zero */
    int (*decide[SL_PLAIN_NETS][SL_PLAIN_ROWS])(const float *obs); /* obs (SL_PLAIN_OBS): the best action */
} sl_plain;

/* NULL when agents are not built for that size. */
const sl_plain *sl_plain_find(int hidden);

#endif
