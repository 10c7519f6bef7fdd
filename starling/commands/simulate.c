/* simulate.c - starling simulate: whole fleets in one process, with faults, each seed checked for every promise. */
#include "starling/commands/command.h"
#include "starling/run/interrupt.h"
#include "starling/run/options.h"
#include "starling/run/output.h"
#include "starling/run/run.h"
#include "starling/run/run_progress.h"
#include "starling/run/scratch.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/cores.h"
#include "common/log.h"
#include "simulate/sweep.h"
#include "storage/file.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAULTS_BYTES = 65536 };

typedef struct simulate_options {
    const char *seeds, *faults, *clock; /* NULL = not given */
    int64_t seed, n_agents, n_threads;  /* -1, 0, 0 = not given */
    bool trace, json;
} simulate_options;

typedef struct teller {
    sl_run_progress progress;
    double started;
    uint64_t n_seeds;
} teller;

// ---------------------------------------------------------------------------------------------------- the options

// digits alone, up to 2^63 - 1
static bool read_seed(const char *text, size_t n, uint64_t *out) {
    char digits[20];
    if (n == 0 || n >= sizeof digits || strspn(text, "0123456789") < n) return false;
    memcpy(digits, text, n);
    digits[n] = '\0';
    errno = 0;
    *out = strtoull(digits, NULL, 10);
    return errno == 0 && *out <= INT64_MAX;
}

static sl_status read_seeds(const simulate_options *o, uint64_t *first, uint64_t *last) {
    if (o->seed >= 0) {
        *first = *last = (uint64_t)o->seed;
        if (o->seeds) return sl_fail(SL_USAGE, "one of them", "--seed and --seeds do not go together");
        return SL_OK;
    }
    const char *text = o->seeds ? o->seeds : "1..200", *dots = strstr(text, "..");
    bool is_range =
        dots && read_seed(text, (size_t)(dots - text), first) && read_seed(dots + 2, strlen(dots + 2), last);
    if (!is_range)
        return sl_fail(SL_USAGE, "the first and the last one, such as 1..200", "--seeds cannot be '%.60s'", text);
    if (*last < *first)
        return sl_fail(SL_USAGE, "the smaller one first", "--seeds: %" PRIu64 " is behind %" PRIu64, *first, *last);
    if (*last - *first >= SL_SWEEP_SEEDS)
        return sl_fail(SL_USAGE, "in parts", "--seeds: at most %d at a time, not %" PRIu64, SL_SWEEP_SEEDS,
                       *last - *first + 1);
    return SL_OK;
}

static sl_status read_faults(const char *path, sl_faults *out) {
    *out = sl_faults_default();
    if (!path) return SL_OK;
    if (strcmp(path, "none") == 0) {
        *out = sl_faults_none();
        return SL_OK;
    }
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    SL_TRY(sl_file_read(path, FAULTS_BYTES, &bytes, &n_bytes));
    sl_status status = sl_faults_parse(path, (const char *)bytes, n_bytes, out);
    sl_free(bytes);
    return status;
}

static sl_status check(const simulate_options *o) {
    if (o->trace && o->seed < 0)
        return sl_fail(SL_USAGE, "--seed S --trace", "--trace tells one seed, and none is given");
    if (o->trace && o->json) return sl_fail(SL_USAGE, "one of them", "--trace and --json do not go together");
    if (o->clock && !sl_simulate_knows_clock(o->clock))
        return sl_fail(SL_USAGE, "lockstep, virtual or realtime", "--clock cannot be '%.40s'", o->clock);
    return SL_OK;
}

// ------------------------------------------------------------------------------------------------------- the result

static sl_status tell_progress(void *context, const sl_sweep *so_far) {
    teller *self = context;
    double rate = (double)so_far->n_seeds / (sl_clock_seconds() - self->started + 1e-9);
    double left = (double)(self->n_seeds - so_far->n_seeds) / (rate + 1e-9);
    char note[48];
    (void)snprintf(note, sizeof note, "%" PRIu64 " broken", so_far->n_broken);
    sl_run_progress_news news = {.stage = "simulate",
                                 .unit = "seeds",
                                 .done = (int64_t)so_far->n_seeds,
                                 .total = (int64_t)self->n_seeds,
                                 .per_second = rate,
                                 .eta_seconds = left,
                                 .won = -1,
                                 .note = note};
    sl_run_progress_update(&self->progress, &news);
    return sl_interrupt_check();
}

// how to see one seed again: the flags that it depends on
static void describe(const simulate_options *o, uint64_t seed, size_t size, char *text) {
    char agents[32] = "";
    if (o->n_agents) (void)snprintf(agents, sizeof agents, " --agents %" PRId64, o->n_agents);
    (void)snprintf(text, size, "starling simulate --seed %" PRIu64 " --trace%s%s%s%.200s%s%s%.20s", seed, agents,
                   o->faults ? " --faults " : "", o->faults ? "'" : "", o->faults ? o->faults : "",
                   o->faults ? "'" : "", o->clock ? " --clock " : "", o->clock ? o->clock : "");
}

// measured in fleets without faults only
static json_t *known_bytes(double bytes) {
    return sl_json_number(bytes > 0 ? bytes : (double)NAN);
}

static sl_status print_json(const simulate_options *o, const sl_sweep *sweep, double seconds) {
    const sl_simulated *sum = &sweep->sum;
    bool failed = false;
    json_t *object = json_object(), *broken = json_array(), *faults = json_object();
    for (uint64_t i = 0; i < sweep->n_broken && i < SL_SWEEP_BROKEN; i++) {
        const sl_sweep_broken *one = &sweep->broken[i];
        json_t *entry = json_object();
        char see[320];
        describe(o, one->seed, sizeof see, see);
        SL_JSON_SET(entry, &failed, {"seed", sl_json_seed(one->seed)},
                    {"promise", json_string(sl_promise_name(one->promise))}, {"text", json_string(one->text)},
                    {"see", json_string(see)});
        failed |= json_array_append_new(broken, entry) != 0;
    }
    for (int kind = 0; kind < SL_FAULT_KINDS; kind++)
        sl_json_set(faults, sl_fault_kind_name((sl_fault_kind)kind), json_integer((json_int_t)sum->faults[kind]),
                    &failed);
    SL_JSON_SET(
        object, &failed, {"seeds", json_integer((json_int_t)sweep->n_seeds)},
        {"broken", json_integer((json_int_t)sweep->n_broken)},
        {"seeds_per_second", sl_json_number((double)sweep->n_seeds / seconds)}, {"broken_seeds", broken},
        {"agents", json_integer(sum->n_agents)}, {"virtual_seconds", sl_json_number(sum->seconds)},
        {"ticks", json_integer((json_int_t)sum->ticks)}, {"answered", json_integer((json_int_t)sum->answered)},
        {"missed", json_integer((json_int_t)sum->missed)}, {"absent", json_integer((json_int_t)sum->absent)},
        {"episodes", json_integer((json_int_t)sum->episodes)},
        {"acknowledged", json_integer((json_int_t)sum->acknowledged)},
        {"stalest_seconds", sl_json_number(sum->stalest)}, {"recovery_seconds", sl_json_number(sum->recovery)},
        {"faults", faults}, {"ms_per_tick", sl_json_number(sum->tick_seconds * 1e3 / (double)sum->ticks)},
        {"fleet_bytes_per_agent", known_bytes(sum->fleet_bytes)},
        {"session_bytes_per_agent", known_bytes(sum->session_bytes)});
    return sl_json_print(object, failed);
}

static void print_text(const simulate_options *o, const sl_sweep *sweep, double seconds) {
    const sl_simulated *sum = &sweep->sum;
    for (uint64_t i = 0; i < sweep->n_broken && i < SL_SWEEP_BROKEN; i++) {
        char see[320];
        describe(o, sweep->broken[i].seed, sizeof see, see);
        printf("seed %" PRIu64 " broke '%s': %s; %s\n", sweep->broken[i].seed,
               sl_promise_name(sweep->broken[i].promise), sweep->broken[i].text, see);
    }
    printf("%" PRIu64 " seed%s, %" PRIu64 " broken, %.1f seeds/s\n", sweep->n_seeds, sweep->n_seeds == 1 ? "" : "s",
           sweep->n_broken, (double)sweep->n_seeds / seconds);
    sl_print_wrapped(stdout, 2,
                     "%" PRIu64 " ticks in %.0f s of virtual time: %" PRIu64 " actions answered, %" PRIu64
                     " missed, %" PRIu64 " absent; %" PRIu64 " episodes acknowledged\n",
                     sum->ticks, sum->seconds, sum->answered, sum->missed, sum->absent, sum->acknowledged);
    sl_print_wrapped(stdout, 2,
                     "an action was at most %.2f s behind its observation; from the end of the faults to a whole "
                     "episode it took at most %.1f s\n",
                     sum->stalest, sum->recovery);
    if (sum->fleet_bytes > 0)
        printf("%d agents: %.3f ms a tick, %.0f bytes an agent in the coordinator, %.0f in its\nsession\n",
               sum->n_agents, sum->tick_seconds * 1e3 / (double)sum->ticks, sum->fleet_bytes, sum->session_bytes);
}

static sl_status run(const simulate_options *o, sl_sweep_def *def, sl_sweep *sweep) {
    teller told = {.started = sl_clock_seconds(), .n_seeds = def->last - def->first + 1};
    sl_run_progress_init(&told.progress, false);
    def->progress = told.n_seeds > 1 ? tell_progress : NULL;
    def->context = &told;
    if (o->trace) def->simulation.trace = stdout;
    sl_status status = sl_sweep_run(def, sweep);
    sl_run_progress_break(&told.progress);
    SL_TRY(status);
    double seconds = sl_clock_seconds() - told.started;
    if (o->json)
        SL_TRY(print_json(o, sweep, seconds));
    else if (!o->trace)
        print_text(o, sweep, seconds);
    else if (sweep->n_broken == 0)
        printf("seed %" PRIu64 " kept every promise\n", def->first);
    if (sweep->n_broken == 0) return SL_OK;
    char hint[320];
    describe(o, sweep->broken[0].seed, sizeof hint, hint);
    return sl_fail(SL_CHECK, hint, "%" PRIu64 " of %" PRIu64 " seeds broke a promise, the first one seed %" PRIu64,
                   sweep->n_broken, sweep->n_seeds, sweep->broken[0].seed);
}

// log and keys of the seeds lie below $TMPDIR while they run
static sl_status run_in_scratch(const simulate_options *o, sl_sweep_def *def) {
    sl_scratch scratch = {.folder = ""};
    const char *temporary = getenv("TMPDIR");
    int n = snprintf(scratch.folder, sizeof scratch.folder, "%s/starling-simulate-XXXXXX",
                     temporary && *temporary ? temporary : "/tmp");
    if (n < 0 || n >= (int)sizeof scratch.folder || !mkdtemp(scratch.folder))
        return sl_fail(SL_IO, "a writable TMPDIR", "cannot make a folder '%.200s'", scratch.folder);
    def->simulation.folder = scratch.folder;
    sl_sweep *sweep = sl_alloc(sizeof *sweep);
    sl_status status = sweep ? run(o, def, sweep) : sl_fail(SL_MEMORY, NULL, "no memory for a sweep");
    sl_free(sweep);
    sl_scratch_remove(&scratch);
    def->simulation.folder = NULL;
    return status;
}

sl_status sl_cmd_simulate(const char *path, int argc, char **argv) {
    simulate_options o = {.seed = -1};
    const sl_option options[] = {
        {"seeds", SL_OPTION_TEXT, "A..B", "these seeds (1..200)", &o.seeds, 0, 0},
        {"seed", SL_OPTION_INT, "S", "one seed", &o.seed, 0, (double)(INT64_C(1) << 53)},
        {"trace", SL_OPTION_SWITCH, NULL, "tell it step by step", &o.trace, 0, 0},
        {"faults", SL_OPTION_TEXT, "FILE", "what goes wrong, and how often; none = nothing", &o.faults, 0, 0},
        {"agents", SL_OPTION_INT, "N", "in each fleet (2 to 6, drawn)", &o.n_agents, 1, SL_SIMULATE_AGENTS},
        {"clock", SL_OPTION_TEXT, "NAME", "lockstep, virtual or realtime (the first two)", &o.clock, 0, 0},
        {"threads", SL_OPTION_INT, "N", "seeds at a time (one a core)", &o.n_threads, 1, SL_SWEEP_THREADS},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &o.json, 0, 0},
    };
    static const char text[] =
        "Plays whole fleets in one process: a coordinator and its agents on a simulated network and a virtual clock, "
        "with losses, partitions, stops, crashes, replays and strangers drawn from each seed. Each promise of a "
        "fleet "
        "is checked throughout, and that it recovers. Exits with 10 where one broke.";
    sl_usage usage = {path, "", text, 0, 0, 8, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    SL_TRY(check(&o));
    sl_faults faults;
    sl_sweep_def def = {.simulation = {.n_agents = (int)o.n_agents, .faults = &faults, .clock = o.clock}};
    SL_TRY(read_seeds(&o, &def.first, &def.last));
    // one that measures flies once
    if (o.faults && strcmp(o.faults, "none") == 0 && !o.seeds && o.seed < 0) def.last = def.first;
    SL_TRY(read_faults(o.faults, &faults));
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    sl_cores_warn("--threads", (int)o.n_threads);
    def.n_threads = o.n_threads ? (int)o.n_threads : online > SL_SWEEP_THREADS ? SL_SWEEP_THREADS : (int)online;
    if ((uint64_t)def.n_threads > def.last - def.first + 1) def.n_threads = (int)(def.last - def.first + 1);
    sl_interrupt_watch();
    // thousands of agents join and leave: what they log is told by the trace
    sl_log_init("starling", SL_LOG_ERROR, args.log_json);
    return run_in_scratch(&o, &def);
}
