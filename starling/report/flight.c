/* flight.c - see flight.h. */
#include "starling/report/flight.h"

#include "experiment/clock.h"
#include "starling/report/link_report.h"
#include "starling/run/output.h"

#include <stdio.h>

// what changed actions is a part of the result, what did not is of its circumstances
static void set_incidents(const sl_incidents *incidents, json_t *result, json_t *timing, bool *failed) {
    json_t *fallback = json_object();
    for (int k = 0; k < sl_incident_metrics.n; k++) {
        const sl_metric *metric = &sl_incident_metrics.metrics[k];
        sl_json_set(k < SL_INCIDENT_FALLBACKS ? fallback : timing, metric->name,
                    json_integer((json_int_t)sl_metric_get(metric, incidents)), failed);
    }
    sl_json_set(result, "fallback", fallback, failed);
}

static sl_exp_clock clock_of(const sl_flight_clock *kept) {
    return (sl_exp_clock)kept->kind;
}

// how long the flight was in the world's time, and how many times as fast it went
static double virtual_time(const sl_evaluation *results, double *speed_up) {
    double seconds = 1e-3 * results->clock.step_ms * (double)results->n_ticks, flown_ns = 0;
    for (int64_t k = 0; k < results->n_ticks; k++) flown_ns += (double)results->tick_ns[k];
    *speed_up = flown_ns > 0 ? seconds / (1e-9 * flown_ns) : 0;
    return seconds;
}

static void set_virtual(const sl_evaluation *results, json_t *timing, bool *failed) {
    double speed_up = 0, seconds = virtual_time(results, &speed_up);
    json_t *object = json_object();
    SL_JSON_SET(object, failed, {"step_ms", sl_json_number(results->clock.step_ms)},
                {"seconds", sl_json_number(seconds)}, {"speed_up", sl_json_number(speed_up)});
    sl_json_set(timing, "virtual", object, failed);
}

static void set_realtime(const sl_flight_clock *kept, json_t *timing, bool *failed) {
    json_t *realtime = json_object();
    sl_json_set(realtime, "step_ms", sl_json_number(kept->step_ms), failed);
    for (int k = 0; k < sl_flight_clock_metrics.n; k++) {
        const sl_metric *metric = &sl_flight_clock_metrics.metrics[k];
        double value = sl_metric_get(metric, kept);
        json_t *number = metric->kind == SL_METRIC_COUNTER ? json_integer((json_int_t)value) : sl_json_number(value);
        sl_json_set(realtime, metric->name, number, failed);
    }
    sl_json_set(timing, "realtime", realtime, failed);
}

void sl_flight_print_clock(const sl_evaluation *results) {
    const sl_flight_clock *kept = &results->clock;
    double speed_up = 0, seconds = virtual_time(results, &speed_up);
    if (clock_of(kept) == SL_EXP_VIRTUAL)
        sl_print_wrapped(stdout, 2, "virtual, %g ms a step: %.1f s in the world's time, flown %.0f times as fast\n",
                         kept->step_ms, seconds, speed_up);
    if (clock_of(kept) != SL_EXP_REALTIME) return;
    sl_print_wrapped(
        stdout, 2,
        "realtime, %g ms a step: steps ended late by %.3f ms (p50), %.3f (p99), drift %.3f ms, %.0f left "
        "out; %.0f actions late, %.0f observations skipped\n",
        kept->step_ms, kept->late_p50_ms, kept->late_p99_ms, kept->drift_ms, kept->overruns, kept->late,
        kept->skipped);
}

sl_status sl_flight_result(const sl_run *run, uint64_t seed, const sl_links *links, const sl_evaluation *results,
                           json_t *restarts, json_t **out) {
    sl_score score;
    sl_step_times p;
    SL_TRY(sl_score_of(run->spec, results, &score));
    SL_TRY(sl_step_times_of(results, &p));
    bool failed = false;
    json_t *object = json_object(), *returns = json_array(), *timing = json_object();
    for (int e = 0; e < results->n_episodes; e++) {
        double total = sl_env_return(run->spec, results->returns + (size_t)e * (size_t)results->n_agents);
        if (json_array_append_new(returns, sl_json_number(total)) != 0) failed = true;
    }
    SL_JSON_SET(object, &failed, {"env", json_string(run->spec->name)},
                {"n_agents", json_integer(results->n_agents)});
    if (run->spec->opposed) sl_json_set(object, "opposed_sides", json_true(), &failed);
    SL_JSON_SET(object, &failed, {"seed", sl_json_seed(seed)}, {"episodes", json_integer(results->n_episodes)},
                {"return_mean", sl_json_number(score.mean)}, {"return_ci95", sl_json_number(score.ci95)},
                {"length_mean", sl_json_number(score.length)});
    sl_score_set_wins(&score, object, &failed);
    sl_json_set(object, "returns", returns, &failed);
    sl_json_set(object, "clock", json_string(sl_exp_clock_name(clock_of(&results->clock))), &failed);
    sl_link_report_set(links, results, object, &failed);
    SL_JSON_SET(timing, &failed, {"seconds", sl_json_number(results->seconds)},
                {"ticks", json_integer((json_int_t)results->n_ticks)},
                {"ticks_per_second", sl_json_number(p.per_second)},
                {"ms_per_step", json_pack("{s:f,s:f,s:f}", "mean", p.mean, "p50", p.p50, "p99", p.p99)},
                {"restarts", json_incref(restarts)});
    if (clock_of(&results->clock) == SL_EXP_VIRTUAL) set_virtual(results, timing, &failed);
    if (clock_of(&results->clock) == SL_EXP_REALTIME) set_realtime(&results->clock, timing, &failed);
    set_incidents(&results->incidents, object, timing, &failed);
    sl_json_set(object, "timing", timing, &failed);
    if (failed) {
        json_decref(object);
        return sl_fail(SL_MEMORY, NULL, "no memory for the result");
    }
    *out = object;
    return SL_OK;
}

sl_status sl_flight_print_ready(const sl_process_group *group, const sl_members *members) {
    bool failed = false;
    json_t *event = json_object(), *slots = json_array();
    for (int i = 0; i < members->n_agents; i++)
        if (members->comes[i] && json_array_append_new(slots, json_integer(i)) != 0) failed = true;
    SL_JSON_SET(event, &failed, {"event", json_string("ready")},
                {members->remote_coordinator ? "listen" : "endpoint", json_string(sl_process_group_endpoint(group))},
                {"slots", slots});
    SL_TRY(sl_json_print(event, failed));
    if (fflush(stdout) != 0) return sl_fail(SL_IO, NULL, "cannot write to stdout");
    return SL_OK;
}
