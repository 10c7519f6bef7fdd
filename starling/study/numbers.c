/* numbers.c - see numbers.h. */
#include "starling/study/numbers.h"

#include "common/alloc.h"

#include <math.h>
#include <string.h>

enum { NEVER = SL_LINKS_AGES - 1 };

static sl_study_ages ages_of(const uint64_t ages[SL_LINKS_AGES]) {
    uint64_t all = 0;
    double max = NAN;
    for (int age = 0; age < SL_LINKS_AGES; age++) {
        all += ages[age];
        if (ages[age] > 0 && age != NEVER) max = age;
    }
    return (sl_study_ages){.p50 = sl_link_age_percentile(ages, 0.5),
                           .p90 = sl_link_age_percentile(ages, 0.9),
                           .p99 = sl_link_age_percentile(ages, 0.99),
                           .p999 = sl_link_age_percentile(ages, 0.999),
                           .max = max,
                           .never = all > 0 ? (double)ages[NEVER] / (double)all : NAN};
}

static double share(uint64_t part, uint64_t all) {
    return all > 0 ? (double)part / (double)all : NAN;
}

static sl_status share_won(const sl_study_result *result, sl_rng *rng, sl_interval *out) {
    *out = (sl_interval){NAN, NAN, NAN};
    if (!result->won) return SL_OK;
    double *won = sl_alloc_array((size_t)result->n_episodes, sizeof *won);
    if (!won) return sl_fail(SL_MEMORY, NULL, "no memory for %d episodes", result->n_episodes);
    for (int e = 0; e < result->n_episodes; e++) won[e] = result->won[e];
    sl_status status = sl_bootstrap_mean(result->n_episodes, won, SL_STUDY_RESAMPLES, rng, out);
    sl_free(won);
    return status;
}

sl_status sl_study_numbers_of(const sl_study_result *result, sl_study_numbers *out) {
    const sl_link_counts *c = &result->counts;
    sl_rng rng = sl_rng_seed(1);
    uint64_t applied = 0;
    for (int age = 0; age < SL_LINKS_AGES; age++) applied += c->action_ages[age];
    sl_study_numbers numbers = {.observation = ages_of(c->observation_ages),
                                .action = ages_of(c->action_ages),
                                .miss_rate = sl_link_miss_rate(c),
                                .longest_run = c->decisions > 0 || applied > 0 ? (double)c->longest_run : NAN,
                                .fallback_rate = share(c->fallbacks, applied),
                                .divergence = share(c->divergent, c->compared)};
    SL_TRY(sl_bootstrap_mean(result->n_episodes, result->returns, SL_STUDY_RESAMPLES, &rng, &numbers.mean_return));
    SL_TRY(share_won(result, &rng, &numbers.won));
    *out = numbers;
    return SL_OK;
}

// of K mean differences, upper minus lower
static double cross(int K, const double *x, const double *difference) {
    for (int k = 0; k < K; k++) {
        if (difference[k] >= 0) continue;
        if (k == 0) return x[0];
        double above = difference[k - 1], fallen = above - difference[k];
        return x[k - 1] + (x[k] - x[k - 1]) * (above / fallen);
    }
    return INFINITY;
}

static double value_of(const sl_study_result *result, int e, bool wins) {
    return wins ? result->won[e] : result->returns[e];
}

// differences (E, K), sums (K), crossings (SL_STUDY_RESAMPLES)
static void resample(int E, int K, const double *x, const double *differences, double *sums, double *crossings) {
    sl_rng rng = sl_rng_seed(2);
    for (int r = 0; r < SL_STUDY_RESAMPLES; r++) {
        memset(sums, 0, (size_t)K * sizeof *sums);
        for (int i = 0; i < E; i++) {
            const double *row = differences + (size_t)sl_rng_below(&rng, (uint32_t)E) * (size_t)K;
            for (int k = 0; k < K; k++) sums[k] += row[k];
        }
        crossings[r] = cross(K, x, sums);
    }
    sl_sort(SL_STUDY_RESAMPLES, crossings);
}

sl_status sl_study_cross(int K, const double *x, const sl_study_result *const *upper,
                         const sl_study_result *const *lower, bool wins, sl_study_crossover *out) {
    *out = (sl_study_crossover){0};
    if (K == 0) return SL_OK;
    int E = upper[0]->n_episodes;
    double *differences = sl_alloc_array((size_t)E * (size_t)K, sizeof *differences);
    double *sums = sl_alloc_array((size_t)K, sizeof *sums);
    double *crossings = sl_alloc_array(SL_STUDY_RESAMPLES, sizeof *crossings);
    sl_status status = SL_OK;
    if (!differences || !sums || !crossings) {
        status = sl_fail(SL_MEMORY, NULL, "no memory for a crossover of %d episodes", E);
    } else {
        for (int e = 0; e < E; e++) {
            for (int k = 0; k < K; k++) {
                double d = value_of(upper[k], e, wins) - value_of(lower[k], e, wins);
                differences[(size_t)e * (size_t)K + (size_t)k] = d;
                sums[k] += d;
            }
        }
        out->is_known = true;
        out->at = cross(K, x, sums);
        resample(E, K, x, differences, sums, crossings);
        out->low = sl_percentile(SL_STUDY_RESAMPLES, crossings, 2.5);
        out->high = sl_percentile(SL_STUDY_RESAMPLES, crossings, 97.5);
    }
    sl_free(differences);
    sl_free(sums);
    sl_free(crossings);
    return status;
}
