/* logit_loss.c - see logit_loss.h. Rows go through in tiles, column by column, so that every loop is one of vectors.
 */
#include "trainer/logit_loss.h"

#include "common/assert.h"
#include "nn/dist.h"
#include "trainer/tile.h"

/* The rows at work. (A, W): W = sl_tile_rows(A). */
typedef struct tile {
    int n, A, W;
    float legal[SL_TILE_FLOATS];
    float x[SL_TILE_FLOATS], logp[SL_TILE_FLOATS],
        p[SL_TILE_FLOATS];    /* the student's: logits, log softmax, softmax */
    float lt[SL_TILE_FLOATS]; /* the teacher's logits */
    float d[SL_TILE_FLOATS];  /* the gradient, without the row's weight */
    float logp_t[SL_TILE_FLOATS], p_t[SL_TILE_FLOATS], logp_s[SL_TILE_FLOATS], p_s[SL_TILE_FLOATS]; /* at tau */
    /* (n) */
    int32_t best_t[SL_TILE_ROWS], best_s[SL_TILE_ROWS];
    float weight[SL_TILE_ROWS], entropy[SL_TILE_ROWS], kl[SL_TILE_ROWS], ce[SL_TILE_ROWS];
    float ppo[SL_TILE_ROWS], ratio_kl[SL_TILE_ROWS], clipped[SL_TILE_ROWS];
} tile;

static void load(tile *t, const sl_logit_rows *rows, const float *logits, int first, int n) {
    int64_t at = (int64_t)first * rows->A;
    t->n = n, t->A = rows->A, t->W = sl_tile_rows(rows->A);
    sl_tile_load(n, t->A, logits + at, t->x);
    sl_tile_load(n, t->A, rows->teacher + at, t->lt);
    sl_tile_load_legal(n, t->A, rows->avail ? rows->avail + at : NULL, t->legal);
    for (int l = 0; l < n; l++) t->weight[l] = rows->weight[first + l];
    sl_tile_softmax(n, t->A, t->x, t->legal, 1.0f, t->logp, t->p);
    sl_tile_argmax(n, t->A, t->x, t->legal, t->best_s);
    sl_tile_argmax(n, t->A, t->lt, t->legal, t->best_t);
}

// eq. 5's last term: d += c * d H / d logits negated, d H / d logit_a = -p_a (log p_a + H)
static void entropy(tile *t, float c) {
    int n = t->n, W = t->W;
    float *restrict h = t->entropy, *restrict d = t->d;
    for (int l = 0; l < n; l++) h[l] = 0;
    for (int a = 0; a < t->A; a++)
        for (int l = 0; l < n; l++) h[l] -= t->p[a * W + l] * t->logp[a * W + l];
    for (int a = 0; a < t->A; a++)
        for (int l = 0; l < n; l++) d[a * W + l] = c * t->p[a * W + l] * (t->logp[a * W + l] + h[l]);
}

// eq. 7: tau^2 KL, whose gradient is tau (p_S - p_T)
static void divergence(tile *t, float c, float tau) {
    int n = t->n, W = t->W;
    const float *restrict logp_s = t->logp, *restrict p_s = t->p;
    float *restrict kl = t->kl, *restrict d = t->d;
    sl_tile_softmax(n, t->A, t->lt, t->legal, 1.0f / tau, t->logp_t, t->p_t);
    if (tau != 1.0f) {
        sl_tile_softmax(n, t->A, t->x, t->legal, 1.0f / tau, t->logp_s, t->p_s);
        logp_s = t->logp_s, p_s = t->p_s;
    }
    for (int a = 0; a < t->A; a++)
        for (int l = 0; l < n; l++) {
            kl[l] += tau * tau * t->p_t[a * W + l] * (t->logp_t[a * W + l] - logp_s[a * W + l]);
            d[a * W + l] += c * tau * (p_s[a * W + l] - t->p_t[a * W + l]);
        }
}

// eq. 8, -log pi_S of the teacher's best action, whose gradient is p_S - [a is the best]
static void cross_entropy(tile *t, float c) {
    int n = t->n, W = t->W;
    float *restrict ce = t->ce, *restrict d = t->d;
    for (int l = 0; l < n; l++) ce[l] = 0;
    for (int a = 0; a < t->A; a++)
        for (int l = 0; l < n; l++) {
            bool is_best = t->best_t[l] == a;
            float chosen = is_best && t->legal[a * W + l] != 0.0f ? 1.0f : 0.0f;
            ce[l] -= is_best ? t->logp[a * W + l] : 0.0f;
            d[a * W + l] += c * (t->p[a * W + l] - chosen);
        }
}

// eq. 3 and 4, of the action that was taken
static void surrogate(tile *t, const sl_logit_rows *rows, int first, float c, float low, float high) {
    float dlogp[SL_TILE_ROWS], logp[SL_TILE_ROWS] = {0};
    const int32_t *restrict action = rows->action + first;
    const float *restrict old_logp = rows->old_logp + first, *restrict advantage = rows->advantage + first;
    int n = t->n, W = t->W;
    for (int a = 0; a < t->A; a++)
        for (int l = 0; l < n; l++) logp[l] = action[l] == a ? t->logp[a * W + l] : logp[l];
    for (int l = 0; l < n; l++) {
        float log_rho = logp[l] - old_logp[l], rho = sl_expf(log_rho);
        float bounded = rho < low ? low : rho > high ? high : rho;
        // the pessimistic one of the two surrogates; where it is the clipped one, nothing flows back
        float plain = rho * advantage[l], limited = bounded * advantage[l];
        bool is_plain = !(limited < plain);
        dlogp[l] = is_plain ? -c * plain : 0.0f;
        t->ppo[l] = is_plain ? -plain : -limited;
        t->ratio_kl[l] = rho - 1.0f - log_rho;
        t->clipped[l] = rho < low || rho > high ? 1.0f : 0.0f;
    }
    for (int a = 0; a < t->A; a++)
        for (int l = 0; l < n; l++) {
            float taken = action[l] == a && t->legal[a * W + l] != 0.0f ? 1.0f : 0.0f;
            t->d[a * W + l] += dlogp[l] * (taken - t->p[a * W + l]);
        }
}

static void add_up(const tile *t, sl_logit_sums *sums) {
    for (int l = 0; l < t->n; l++) {
        // a row that does not count may hold anything
        if (t->weight[l] == 0.0f) continue;
        double w = (double)t->weight[l];
        sums->ppo.policy_loss += w * (double)t->ppo[l];
        sums->ppo.kl += w * (double)t->ratio_kl[l];
        sums->ppo.clipped += w * (double)t->clipped[l];
        sums->ppo.entropy += w * (double)t->entropy[l];
        sums->kl += w * (double)t->kl[l];
        sums->ce += w * (double)t->ce[l];
        sums->agreement += t->best_s[l] == t->best_t[l] ? w : 0.0;
    }
}

static void store(const tile *t, float *restrict dlogits) {
    for (int l = 0; l < t->n; l++)
        for (int a = 0; a < t->A; a++)
            dlogits[l * t->A + a] = t->weight[l] == 0.0f ? 0.0f : t->weight[l] * t->d[a * t->W + l];
}

void sl_logit_loss(const sl_logit_rows *rows, const sl_logit_weights *weights, const float *logits, float *dlogits,
                   sl_logit_sums *sums) {
    SL_ASSERT(rows->A >= 1 && rows->A <= SL_CATEGORICAL_MAX);
    int W = sl_tile_rows(rows->A);
    tile t;
    // what is switched off adds nothing
    for (int l = 0; l < SL_TILE_ROWS; l++) t.ppo[l] = t.ratio_kl[l] = t.clipped[l] = 0;
    for (int first = 0; first < rows->R; first += W) {
        load(&t, rows, logits, first, rows->R - first < W ? rows->R - first : W);
        entropy(&t, (float)weights->entropy);
        for (int l = 0; l < t.n; l++) t.kl[l] = 0;
        if (weights->kl != 0) divergence(&t, (float)weights->kl, (float)weights->tau);
        cross_entropy(&t, (float)weights->ce);
        if (weights->ppo != 0)
            surrogate(&t, rows, first, (float)weights->ppo, (float)(1.0 - weights->clip),
                      (float)(1.0 + weights->clip));
        add_up(&t, sums);
        store(&t, dlogits + (int64_t)first * rows->A);
    }
}
