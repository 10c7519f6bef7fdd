/* ppo_loss.c - the clipped surrogate, the clipped value loss, and the advantage's normalisation. */
#include "trainer/ppo_loss.h"

#include "common/fmath.h"
#include "nn/dist.h"

#include <math.h>

void sl_ppo_actor_loss(const sl_ppo_rows *rows, const float *logp, double c_ppo, double c_entropy, double clip,
                       float *scratch, float *dlogits, sl_ppo_sums *sums) {
    int R = rows->R, A = rows->A;
    float *dlogp = scratch, *scale = scratch + R, *entropy = scratch + 2 * (size_t)R;
    float low = (float)(1.0 - clip), high = (float)(1.0 + clip);
    float ppo = (float)c_ppo, bonus = (float)c_entropy;
    double loss = 0, kl = 0, clipped = 0;
    for (int r = 0; r < R; r++) {
        float w = rows->weight[r], advantage = rows->advantage[r];
        scale[r] = -bonus * w;
        dlogp[r] = 0.0f;
        // a row that does not count may hold anything
        if (w == 0.0f) continue;
        float log_rho = logp[(size_t)r * (size_t)A + (size_t)rows->action[r]] - rows->old_logp[r];
        float rho = sl_expf(log_rho);
        float bounded = rho < low ? low : rho > high ? high : rho;
        // eq. 3: the pessimistic one of the two surrogates; where it is the clipped one, nothing flows back
        float plain_surrogate = rho * advantage, clipped_surrogate = bounded * advantage;
        int is_plain = !(clipped_surrogate < plain_surrogate);
        dlogp[r] = is_plain ? -ppo * w * plain_surrogate : 0.0f;
        loss -= (double)(w * (is_plain ? plain_surrogate : clipped_surrogate));
        kl += (double)(w * (rho - 1.0f - log_rho));
        clipped += (double)(rho < low || rho > high ? w : 0.0f);
    }
    if (c_ppo != 0) sl_categorical_backward(R, A, logp, rows->action, dlogp, dlogits);
    sl_categorical_entropy(R, A, logp, scale, entropy, c_entropy != 0 ? dlogits : NULL);
    double mean_entropy = 0;
    for (int r = 0; r < R; r++) mean_entropy += (double)(rows->weight[r] * entropy[r]);
    sums->policy_loss += loss;
    sums->kl += kl;
    sums->clipped += clipped;
    sums->entropy += mean_entropy;
}

void sl_ppo_value_loss(int R, const float *v, const float *old_v, const float *target, const float *weight,
                       double c_value, double clip, double huber_delta, float *dv, sl_ppo_sums *sums) {
    float bound = (float)clip, delta = (float)huber_delta, coefficient = (float)c_value;
    double loss = 0;
    for (int r = 0; r < R; r++) {
        float change = v[r] - old_v[r], d_plain, d_clipped;
        float bounded = change < -bound ? -bound : change > bound ? bound : change;
        float plain = sl_huber(v[r] - target[r], delta, &d_plain);
        float limited = sl_huber(old_v[r] + bounded - target[r], delta, &d_clipped);
        // outside the range the limited value is a constant, and so is its loss
        float d_limited = change == bounded ? d_clipped : 0.0f;
        int use_limited = limited > plain;
        dv[r] = coefficient * weight[r] * (use_limited ? d_limited : d_plain);
        loss += (double)(weight[r] * (use_limited ? limited : plain));
    }
    sums->value_loss += loss;
}

void sl_advantage_normalise(size_t R, int M, int N, const float *advantage, const float *alive, float *out) {
    double n = 0, sum = 0, sum_sq = 0;
    for (size_t r = 0; r < R; r++)
        for (int i = 0; i < N; i++) {
            double w = alive ? (double)alive[r * (size_t)N + (size_t)i] : 1.0;
            double a = (double)advantage[M == 1 ? r : r * (size_t)N + (size_t)i];
            n += w;
            sum += w * a;
        }
    double mean = n > 0 ? sum / n : 0;
    for (size_t r = 0; r < R; r++)
        for (int i = 0; i < N; i++) {
            double w = alive ? (double)alive[r * (size_t)N + (size_t)i] : 1.0;
            double a = (double)advantage[M == 1 ? r : r * (size_t)N + (size_t)i] - mean;
            sum_sq += w * a * a;
        }
    double std = n > 0 ? sqrt(sum_sq / n) : 0;
    float shift = (float)mean, factor = (float)(1.0 / (std + 1e-5));
    size_t K = R * (size_t)M;
    for (size_t k = 0; k < K; k++) out[k] = (advantage[k] - shift) * factor;
}
