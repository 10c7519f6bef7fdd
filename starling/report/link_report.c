/* link_report.c - see link_report.h. */
#include "starling/report/link_report.h"

#include "starling/run/output.h"

#include <math.h>

static const struct {
    const char *name, *word;
    double p;
} quantiles[] = {{"p50", "p50", 0.5}, {"p90", "p90", 0.9}, {"p99", "p99", 0.99}, {"p99_9", "p99.9", 0.999}};
enum { N_QUANTILES = sizeof quantiles / sizeof quantiles[0], LINE = 256 };

const char *sl_execution_name(sl_execution execution) {
    return execution == SL_EXECUTION_REMOTE ? "remote" : "onboard";
}

// the oldest that came; NaN: nothing did
static double oldest(const uint64_t ages[SL_LINKS_AGES]) {
    for (int a = SL_LINKS_AGES - 2; a >= 0; a--)
        if (ages[a]) return a;
    return NAN;
}

static double share_never(const uint64_t ages[SL_LINKS_AGES]) {
    double all = 0;
    for (int a = 0; a < SL_LINKS_AGES; a++) all += (double)ages[a];
    return all > 0 ? (double)ages[SL_LINKS_AGES - 1] / all : NAN;
}

static double share(uint64_t part, uint64_t all) {
    return all ? (double)part / (double)all : NAN;
}

static json_t *json_of_ages(const uint64_t ages[SL_LINKS_AGES], double step_ms, bool *failed) {
    json_t *object = json_object();
    char name[16];
    for (int q = 0; q < N_QUANTILES; q++) {
        double age = sl_link_age_percentile(ages, quantiles[q].p);
        sl_json_set(object, quantiles[q].name, sl_json_number(age), failed);
        (void)snprintf(name, sizeof name, "%s_ms", quantiles[q].name);
        sl_json_set(object, name, sl_json_number(age * step_ms), failed);
    }
    SL_JSON_SET(object, failed, {"max", sl_json_number(oldest(ages))},
                {"max_ms", sl_json_number(oldest(ages) * step_ms)}, {"never", sl_json_number(share_never(ages))});
    return object;
}

static double step_of(const sl_links *links, const sl_evaluation *results) {
    return links ? links->step_ms : results->clock.step_ms;
}

void sl_link_report_set(const sl_links *links, const sl_evaluation *results, json_t *object, bool *failed) {
    const sl_link_counts *counts = results->link_counts;
    sl_json_set(object, "links", json_string(links ? links->text : "none"), failed);
    if (links) sl_json_set(object, "execution", json_string(sl_execution_name(links->execution)), failed);
    if (!counts) return;
    double step_ms = step_of(links, results);
    sl_json_set(object, "step_ms", sl_json_number(step_ms), failed);
    json_t *ages = json_object(), *misses = json_object();
    SL_JSON_SET(ages, failed, {"observation", json_of_ages(counts->observation_ages, step_ms, failed)},
                {"action", json_of_ages(counts->action_ages, step_ms, failed)});
    SL_JSON_SET(misses, failed, {"rate", sl_json_number(sl_link_miss_rate(counts))},
                {"longest_run", json_integer((json_int_t)counts->longest_run)},
                {"fallbacks", json_integer((json_int_t)counts->fallbacks)});
    SL_JSON_SET(object, failed, {"ages", ages}, {"misses", misses});
    if (counts->compared)
        sl_json_set(object, "divergence", sl_json_number(share(counts->divergent, counts->compared)), failed);
}

static void print_ages(FILE *file, const char *what, const uint64_t ages[SL_LINKS_AGES], double step_ms) {
    char line[LINE];
    double never = share_never(ages);
    int n = 0;
    if (isnan(never)) return;
    if (isnan(oldest(ages))) {
        sl_print_wrapped(file, 2, "age of what was %s: none, it never came\n", what);
        return;
    }
    for (int q = 0; q < N_QUANTILES; q++) {
        double age = sl_link_age_percentile(ages, quantiles[q].p);
        if (isfinite(age))
            n += snprintf(line + n, LINE - (size_t)n, "%s %.0f, ", quantiles[q].word, age);
        else
            n += snprintf(line + n, LINE - (size_t)n, "%s never came, ", quantiles[q].word);
    }
    (void)snprintf(line + n, LINE - (size_t)n, "max %.0f", oldest(ages));
    sl_print_wrapped(file, 2, "age of what was %s, in steps of %g ms: %s; %.1f%% never came\n", what, step_ms, line,
                     100 * never);
}

void sl_link_report_print(FILE *file, const sl_links *links, const sl_evaluation *results) {
    const sl_link_counts *counts = results->link_counts;
    if (links) sl_print_wrapped(file, 2, "links: %s, %s\n", links->text, sl_execution_name(links->execution));
    if (!counts) return;
    print_ages(file, "decided on", counts->observation_ages, step_of(links, results));
    print_ages(file, "applied", counts->action_ages, step_of(links, results));
    char fallbacks[64] = "";
    if (counts->fallbacks)
        (void)snprintf(fallbacks, sizeof fallbacks, "; the fallback acted %llu time%s",
                       (unsigned long long)counts->fallbacks, counts->fallbacks == 1 ? "" : "s");
    sl_print_wrapped(file, 2, "nothing newer had come in %.1f%% of cases, %llu steps in a row at most%s\n",
                     100 * sl_link_miss_rate(counts), (unsigned long long)counts->longest_run, fallbacks);
    if (counts->compared)
        sl_print_wrapped(file, 2, "the links changed %.1f%% of decisions\n",
                         100 * share(counts->divergent, counts->compared));
}
