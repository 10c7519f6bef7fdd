/* coordinator.c - requests to parts: roll-out, recorder, batches, evaluation; and their state as one snapshot. */
#include "coordinator/coordinator.h"

#include "common/alloc.h"
#include "common/log.h"
#include "coordinator/fly.h"
#include "coordinator/model_registry.h"
#include "coordinator/record.h"
#include "coordinator/request.h"
#include "envs/streams.h"
#include "net/incident.h"
#include "net/link_counts.h"
#include "rollout/evaluate.h"
#include "rollout/rollout.h"
#include "rollout/visits.h"

#include <string.h>

enum { MAX_BATCH_EPISODES = 1 << 16, MAX_EVALUATION = 1 << 20, MAX_RECORDING = 1 << 30, JOIN_MS = 60000 };

struct sl_coordinator {
    sl_coordinator_def def;
    char *run, *recording; /* recording: NULL = flights are not recorded */
    sl_setup *setup;
    sl_pool *pool;
    /* made when the first request needs them */
    sl_rollout *rollout;
    sl_recorder *recorder;
    sl_sample *sample;
    sl_visits *visits; /* the students' own episodes, sample_width of them, played into the sample */
    int sample_width;
    sl_teacher *teacher; /* of RECORD, which comes before SAMPLE */
    /* state of sampling */
    sl_rng sample_stream; /* picks from the buffer */
    uint64_t n_visited;   /* episodes that students have played */
    uint8_t *snapshot;
    size_t snapshot_bytes;
    sl_episodes episodes;  /* evaluated or flown; won is NULL where there is nothing to win */
    sl_link_counts links;  /* of the last evaluation or flight */
    sl_flight_clock clock; /* of the last flight */
    int64_t *tick_ns;
    double latency_ns[4];        /* of the last flight: round trip and residence, each p50 and p99 */
    sl_incidents incidents;      /* of the last flight */
    sl_model_registry *registry; /* NULL: no fleet */
    bool is_asked;               /* there was a request, which may have brought the students */
};

static sl_status open_registry(sl_coordinator *self, const sl_coordinator_def *def) {
    sl_model_registry_def registry = {.setup = self->setup,
                                      .link = *def->fleet,
                                      .reserve = def->reserve,
                                      .clock_is_asked = def->clock_is_asked,
                                      .stop = def->stop,
                                      .pulse = def->pulse,
                                      .pulse_context = def->pulse_context};
    memcpy(registry.config_hash, def->config_hash, sizeof registry.config_hash);
    return sl_model_registry_open(&registry, &self->registry);
}

sl_status sl_coordinator_create(const sl_coordinator_def *def, sl_coordinator **out) {
    sl_coordinator *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate the coordinator");
    self->def = *def;
    self->run = sl_alloc_string(def->run);
    if (def->record) self->recording = sl_alloc_string(def->record);
    bool copied = self->run && (self->recording || !def->record);
    sl_status status = copied ? sl_setup_create(def->experiment, &self->setup)
                              : sl_fail(SL_MEMORY, NULL, "cannot allocate the coordinator");
    if (status == SL_OK && def->fleet) status = open_registry(self, def);
    int n_threads = def->experiment->threads > 0 ? def->experiment->threads : 1;
    if (status == SL_OK) status = sl_pool_create(n_threads, &self->pool);
    if (status != SL_OK) {
        sl_coordinator_destroy(&self);
        return status;
    }
    sl_opponent_network_announce(self->setup->opponent);
    sl_coordinator_reset(self);
    *out = self;
    return SL_OK;
}

static void drop_work(sl_coordinator *self) {
    sl_rollout_destroy(&self->rollout);
    sl_recorder_destroy(&self->recorder);
    sl_visits_destroy(&self->visits);
    sl_sample_destroy(&self->sample);
    sl_teacher_destroy(&self->teacher);
    self->sample_width = 0;
}

static void free_episodes(sl_coordinator *self) {
    sl_free(self->episodes.returns);
    sl_free(self->episodes.length);
    sl_free(self->episodes.won);
    self->episodes = (sl_episodes){0};
}

void sl_coordinator_destroy(sl_coordinator **self_pointer) {
    sl_coordinator *self = *self_pointer;
    if (!self) return;
    drop_work(self);
    sl_model_registry_close(&self->registry);
    sl_free(self->tick_ns);
    sl_free(self->snapshot);
    free_episodes(self);
    sl_pool_destroy(&self->pool);
    sl_setup_destroy(&self->setup);
    sl_free(self->run);
    sl_free(self->recording);
    sl_free(self);
    *self_pointer = NULL;
}

const sl_setup *sl_coordinator_setup(const sl_coordinator *self) {
    return self->setup;
}

void sl_coordinator_reset(sl_coordinator *self) {
    drop_work(self);
    self->sample_stream = sl_rng_split_name(&self->setup->root, "sample");
    self->n_visited = 0;
}

sl_status sl_coordinator_idle(sl_coordinator *self) {
    // agents that a predecessor has left behind wait for the request at work to be asked again, and so for its
    // students
    sl_fleet *fleet = self->registry && self->is_asked ? sl_model_registry_fleet(self->registry) : NULL;
    return fleet ? sl_fleet_poll(fleet, 0) : SL_OK;
}

void sl_coordinator_tell(const sl_coordinator *self, sl_page_news *out) {
    out->fleet = self->registry ? sl_model_registry_fleet(self->registry) : NULL;
    if (!self->recorder) return;
    const sl_buffer *buffer = sl_recorder_buffer(self->recorder);
    int64_t samples = 0;
    sl_buffer_counts(buffer, &out->numbers.buffer_inserted, &samples);
    out->numbers.buffer_sampled = (uint64_t)samples;
    out->numbers.buffer_episodes = (int64_t)(sl_buffer_next(buffer) - sl_buffer_first(buffer));
    out->numbers.buffer_bytes = sl_buffer_bytes(buffer);
}

void sl_coordinator_dismiss(sl_coordinator *self) {
    sl_fleet *fleet = self->registry ? sl_model_registry_fleet(self->registry) : NULL;
    if (fleet) sl_fleet_goodbye(fleet);
}

const char *sl_coordinator_fleet_endpoint(const sl_coordinator *self) {
    return self->registry ? sl_model_registry_endpoint(self->registry) : "";
}

static sl_status need_rollout(sl_coordinator *self) {
    return self->rollout ? SL_OK : sl_rollout_create(self->setup, self->pool, &self->rollout);
}

static sl_status need_recorder(sl_coordinator *self) {
    if (self->recorder) return SL_OK;
    if (!self->teacher) SL_TRY(sl_teacher_create(self->setup, &self->teacher));
    return sl_recorder_create(self->setup, self->pool, self->run, self->teacher, &self->recorder);
}

static void answer_batch(const sl_batch *batch, sl_learn_message *answer) {
    answer->kind = SL_LEARN_BATCH;
    sl_batch_add(batch, answer);
}

// who chooses actions: whom the request names, or whom it is as a rule
static sl_status find_behaviour(const sl_learn_message *request, const char *rule, const sl_behaviour **out) {
    return sl_behaviour_find(request->behaviour[0] ? request->behaviour : rule, out);
}

static sl_status collect(sl_coordinator *self, const sl_learn_message *request, sl_learn_message *answer) {
    const float *params = NULL, *critic = NULL;
    const sl_behaviour *behaviour = NULL;
    SL_TRY(find_behaviour(request, "softmax", &behaviour));
    SL_TRY(need_rollout(self));
    SL_TRY(sl_request_params(request, SL_TENSOR_PARAMS, sl_rollout_n_params(self->rollout), &params));
    SL_TRY(sl_request_params(request, SL_TENSOR_CRITIC, sl_rollout_n_critic(self->rollout), &critic));
    SL_TRY(sl_request_value_scale(request));
    sl_rollout_collect(self->rollout, params, critic, request->value_mean, request->value_std, behaviour);
    answer_batch(sl_rollout_get(self->rollout), answer);
    return SL_OK;
}

// keeps the teacher that RECORD brought: later requests label with it
static sl_status freeze_teacher(sl_coordinator *self, const sl_learn_message *request) {
    const float *actor = NULL, *critic = NULL;
    size_t n_actor = sl_net_n_params(&self->setup->teacher), n_critic = sl_net_n_params(&self->setup->critic);
    SL_TRY(sl_request_params(request, SL_TENSOR_PARAMS, n_actor, &actor));
    SL_TRY(sl_request_params(request, SL_TENSOR_CRITIC, n_critic, &critic));
    SL_TRY(sl_request_value_scale(request));
    sl_teacher_set(self->teacher, self->setup, actor, critic, request->value_mean, request->value_std);
    return SL_OK;
}

static sl_status record(sl_coordinator *self, const sl_learn_message *request, sl_learn_message *answer) {
    (void)answer;
    SL_TRY(sl_request_episodes(request, MAX_RECORDING));
    SL_TRY(need_recorder(self));
    SL_TRY(freeze_teacher(self, request));
    SL_TRY(sl_recorder_check_teacher(self->recorder));
    SL_TRY(sl_recorder_fill(self->recorder, (uint64_t)request->n_episodes, &self->def.progress));
    return SL_OK;
}

// the sample, and with visits those who play it, of B episodes
static sl_status need_batch(sl_coordinator *self, int B, bool visits) {
    if (self->sample_width != B) {
        sl_visits_destroy(&self->visits);
        sl_sample_destroy(&self->sample);
        self->sample_width = 0;
    }
    if (!self->sample) SL_TRY(sl_sample_create(self->setup, B, &self->sample));
    self->sample_width = B;
    if (!visits || self->visits) return SL_OK;
    return sl_visits_create(self->setup, self->pool, B, self->teacher, self->sample, &self->visits);
}

static sl_status sample_expert(sl_coordinator *self, int B) {
    sl_buffer *buffer = sl_recorder_buffer(self->recorder);
    sl_rng root = sl_rng_split_name(&self->setup->root, "sample"), links = sl_rng_split_name(&root, "links");
    for (int b = 0; b < B; b++) {
        uint64_t inserted = 0;
        int64_t picked = 0;
        SL_TRY(sl_recorder_allow_sample(self->recorder));
        sl_buffer_counts(buffer, &inserted, &picked);
        uint64_t index = sl_buffer_pick(buffer, b, &self->sample_stream);
        // an episode that is picked again comes late in another way; a snapshot knows how many were picked
        sl_rng fates = sl_rng_split(&links, (uint64_t)picked);
        sl_episode episode;
        void *memory = NULL;
        SL_TRY(sl_buffer_read(buffer, index, &episode, &memory));
        sl_status status =
            sl_sample_set(self->sample, b, &episode, sl_recorder_obs_mask(self->recorder, &episode), &fates);
        sl_free(memory);
        SL_TRY(status);
    }
    return SL_OK;
}

static void sample_visits(sl_coordinator *self, const float *students, int B) {
    sl_rng root = sl_rng_split_name(&self->setup->root, "sample"), stream = sl_rng_split_name(&root, "visits");
    sl_visits_play(self->visits, students, &stream, self->n_visited);
    self->n_visited += (uint64_t)B;
}

static sl_status sample(sl_coordinator *self, const sl_learn_message *request, sl_learn_message *answer) {
    bool visits = request->source != 0;
    const float *students = NULL;
    SL_TRY(sl_request_episodes(request, MAX_BATCH_EPISODES));
    if (!self->recorder || !self->teacher->is_set)
        return sl_fail(SL_MISMATCH, "ask RECORD first", "there is no teacher to sample with");
    if (visits) {
        sl_policy_set_def def = sl_policy_set_students_def(self->setup, 1);
        SL_TRY(sl_request_params(request, SL_TENSOR_PARAMS, sl_policy_set_def_n_params(&def), &students));
    }
    SL_TRY(need_batch(self, request->n_episodes, visits));
    sl_sample_begin(self->sample);
    if (visits)
        sample_visits(self, students, request->n_episodes);
    else
        SL_TRY(sample_expert(self, request->n_episodes));
    answer_batch(sl_sample_finish(self->sample), answer);
    return SL_OK;
}

// room for what n episodes come to
static sl_status need_episodes(sl_coordinator *self, int n) {
    sl_episodes *episodes = &self->episodes;
    bool can_win = self->setup->spec.can_win;
    free_episodes(self);
    episodes->returns = sl_alloc_array((size_t)n * (size_t)self->setup->N, sizeof *episodes->returns);
    episodes->length = sl_alloc_array((size_t)n, sizeof *episodes->length);
    if (can_win) episodes->won = sl_alloc_array((size_t)n, 1);
    if (episodes->returns && episodes->length && (episodes->won || !can_win)) return SL_OK;
    return sl_fail(SL_MEMORY, NULL, "cannot allocate %d episodes' returns", n);
}

static void answer_episodes(const sl_coordinator *self, int n, sl_learn_message *answer) {
    const sl_episodes *episodes = &self->episodes;
    sl_batch batch = {.N = self->setup->N,
                      .n_episodes = n,
                      .episode_return = episodes->returns,
                      .episode_length = episodes->length,
                      .episode_won = episodes->won};
    sl_batch_add(&batch, answer);
}

// the evaluated networks: those in PARAMS, of the experiment's shapes
static sl_status make_policies(sl_coordinator *self, const sl_learn_message *request, int V, sl_policy_set **out) {
    sl_policy_set_def def = request->policy == SL_POLICY_TEACHER ? sl_policy_set_teacher_def(self->setup, V)
                                                                 : sl_policy_set_students_def(self->setup, V);
    const float *params = NULL;
    size_t n = sl_policy_set_def_n_params(&def);
    SL_TRY(sl_request_params(request, SL_TENSOR_PARAMS, n, &params));
    SL_TRY(sl_policy_set_create(&def, out));
    memcpy(sl_policy_set_params(*out), params, n * sizeof *params);
    return SL_OK;
}

// networks and links to what def says besides
static sl_status run_evaluation(sl_coordinator *self, const sl_learn_message *request, sl_evaluate_def *def) {
    bool students = def->policy == SL_POLICY_STUDENTS, learned = students || def->policy == SL_POLICY_TEACHER;
    sl_links *links = NULL;
    if (request->want_divergence && !learned)
        return sl_fail(SL_MISMATCH, "ask for students, or a teacher", "this policy has no networks to compare with");
    if (request->links) SL_TRY(sl_setup_links(self->setup, "the request's links", request->links, &links));
    def->links = links;
    def->want_divergence = request->want_divergence;
    // without links there is nothing to count, and nothing that counts
    bool late = links ? !sl_links_is_none(links) : sl_setup_trained_links(self->setup, students) != NULL;
    if (learned && (late || def->want_divergence)) def->counts = &self->links;
    sl_status status = learned ? make_policies(self, request, sl_evaluate_width(def->n_episodes), &def->set) : SL_OK;
    if (status == SL_OK) status = sl_evaluate_run(def, &self->episodes);
    sl_policy_set_destroy(&def->set);
    sl_links_destroy(&links);
    return status;
}

static sl_status evaluate(sl_coordinator *self, const sl_learn_message *request, sl_learn_message *answer) {
    SL_TRY(sl_request_episodes(request, MAX_EVALUATION));
    int n = request->n_episodes;
    SL_TRY(need_episodes(self, n));
    sl_evaluate_def def = {.setup = self->setup,
                           .pool = self->pool,
                           .policy = request->policy,
                           .n_episodes = n,
                           .seed = request->seed,
                           .progress = &self->def.progress};
    SL_TRY(find_behaviour(request, "greedy", &def.behaviour));
    if (request->text[0])
        return sl_fail(SL_MISMATCH, "networks are sent in PARAMS", "a coordinator reads no folder, as '%.200s'",
                       request->text);
    SL_TRY(run_evaluation(self, request, &def));
    answer_episodes(self, n, answer);
    if (def.counts) sl_link_counts_add(&self->links, answer);
    return SL_OK;
}

// (round trip, residence) x (p50, p99)
static void sum_up(const sl_fleet_stats *flight, double out[4]) {
    out[0] = sl_latency_percentile(&flight->round_trip, 0.5);
    out[1] = sl_latency_percentile(&flight->round_trip, 0.99);
    out[2] = sl_latency_percentile(&flight->residence, 0.5);
    out[3] = sl_latency_percentile(&flight->residence, 0.99);
}

static sl_incidents count_incidents(const sl_fleet_stats *flight) {
    return (sl_incidents){.late = (int64_t)flight->missed,
                          .absent = (int64_t)flight->absent,
                          .dropped = (int64_t)sl_fleet_count_dropped(flight),
                          .rejected = (int64_t)flight->rejected,
                          .lost = (int64_t)flight->lost};
}

static sl_status take_models(sl_coordinator *self, const sl_learn_message *request, sl_learn_message *answer) {
    (void)answer;
    if (!self->registry) return sl_fail(SL_MISMATCH, "start it with --fleet", "this coordinator has no fleet");
    return sl_model_registry_refresh(self->registry, request);
}

// links to what def says besides: the request's, or the experiment's
static sl_status run_flight(sl_coordinator *self, const sl_learn_message *request, sl_fly_def *def, int64_t *n_ticks,
                            sl_fleet_stats *flight) {
    sl_links *links = NULL;
    if (request->links) SL_TRY(sl_setup_links(self->setup, "the request's links", request->links, &links));
    memset(&self->links, 0, sizeof self->links);
    def->links = links ? links : self->setup->links;
    def->counts = &self->links;
    def->clock = &self->clock;
    sl_status status = sl_fly_run(def, &self->episodes, self->tick_ns, n_ticks, flight);
    bool counts = !sl_links_is_none(def->links) || sl_fleet_is_timed(def->fleet);
    // without links there is nothing to count
    if (!counts) def->counts = NULL;
    sl_links_destroy(&links);
    return status;
}

static sl_status fly(sl_coordinator *self, const sl_learn_message *request, sl_learn_message *answer) {
    SL_TRY(sl_request_episodes(request, MAX_EVALUATION));
    SL_TRY(take_models(self, request, answer));
    int n = request->n_episodes;
    SL_TRY(need_episodes(self, n));
    sl_free(self->tick_ns);
    self->tick_ns = sl_alloc_array((size_t)n * (size_t)self->setup->spec.max_steps, sizeof *self->tick_ns);
    if (!self->tick_ns) return sl_fail(SL_MEMORY, NULL, "cannot allocate the ticks of %d episodes", n);
    sl_fly_def def = {.setup = self->setup,
                      .fleet = sl_model_registry_fleet(self->registry),
                      .n_episodes = n,
                      .seed = request->seed,
                      .join_ms = request->wait_ms != 0 ? (int)request->wait_ms : JOIN_MS,
                      .progress = &self->def.progress,
                      .watch_ns = request->watch_us * 1000,
                      .record = self->recording};
    if (request->watch_us > 0) def.watch = self->def.watch;
    int64_t n_ticks = 0;
    sl_fleet_stats flight;
    SL_TRY(run_flight(self, request, &def, &n_ticks, &flight));
    sum_up(&flight, self->latency_ns);
    self->incidents = count_incidents(&flight);
    answer_episodes(self, n, answer);
    sl_learn_add(answer, SL_TENSOR_INCIDENTS, &self->incidents, SL_SHAPE(SL_INCIDENTS));
    sl_learn_add(answer, SL_TENSOR_TICK_NS, self->tick_ns, SL_SHAPE(n_ticks));
    sl_learn_add(answer, SL_TENSOR_LATENCY, self->latency_ns, SL_SHAPE(2, 2));
    sl_learn_add(answer, SL_TENSOR_CLOCK, &self->clock, SL_SHAPE(SL_FLIGHT_CLOCK));
    if (def.counts) sl_link_counts_add(&self->links, answer);
    return SL_OK;
}

// counts, writes or reads everything that later answers depend on
static sl_status visit(sl_coordinator *self, sl_cursor *cursor) {
    uint8_t has_rollout = self->rollout != NULL, has_recorder = self->recorder != NULL;
    SL_TRY(sl_cursor_expect(cursor, SL_SNAPSHOT_VERSION, "version"));
    SL_TRY(sl_cursor_expect(cursor, self->setup->experiment->seed, "seed"));
    sl_cursor_item(cursor, &self->sample_stream, sizeof self->sample_stream);
    sl_cursor_item(cursor, &self->n_visited, sizeof self->n_visited);
    sl_cursor_item(cursor, &has_rollout, 1);
    sl_cursor_item(cursor, &has_recorder, 1);
    if (has_rollout) {
        SL_TRY(need_rollout(self));
        SL_TRY(sl_rollout_visit(self->rollout, cursor));
    }
    if (has_recorder) {
        SL_TRY(need_recorder(self));
        sl_buffer *buffer = sl_recorder_buffer(self->recorder);
        uint64_t inserted = 0;
        int64_t samples = 0;
        sl_buffer_counts(buffer, &inserted, &samples);
        sl_cursor_item(cursor, &inserted, sizeof inserted);
        sl_cursor_item(cursor, &samples, sizeof samples);
        if (inserted > MAX_RECORDING || samples < 0) return sl_fail(SL_CORRUPT, NULL, "snapshot: impossible counts");
        if (cursor->mode == SL_CURSOR_READ) sl_buffer_restore(buffer, inserted, samples);
    }
    return sl_cursor_finish(cursor);
}

static sl_status add_snapshot(sl_coordinator *self, sl_learn_message *answer) {
    sl_cursor cursor = {.mode = SL_CURSOR_COUNT};
    SL_TRY(visit(self, &cursor));
    if (self->snapshot_bytes < cursor.at) {
        uint8_t *larger = sl_alloc(cursor.at);
        if (!larger) return sl_fail(SL_MEMORY, NULL, "cannot allocate a snapshot of %zu bytes", cursor.at);
        sl_free(self->snapshot);
        self->snapshot = larger;
        self->snapshot_bytes = cursor.at;
    }
    cursor = (sl_cursor){.mode = SL_CURSOR_WRITE, .bytes = self->snapshot, .n_bytes = cursor.at};
    SL_TRY(visit(self, &cursor));
    sl_learn_add(answer, SL_TENSOR_SNAPSHOT, self->snapshot, SL_SHAPE((int64_t)cursor.at));
    return SL_OK;
}

static sl_status restore(sl_coordinator *self, const sl_learn_message *request, sl_learn_message *answer) {
    (void)answer;
    const sl_wire_tensor *snapshot = NULL;
    SL_TRY(sl_learn_take(request, SL_TENSOR_SNAPSHOT, SL_SHAPE(SL_ANY_LENGTH), &snapshot));
    sl_coordinator_reset(self);
    sl_cursor cursor = {.mode = SL_CURSOR_READ, .input = snapshot->data, .n_bytes = snapshot->n_bytes};
    sl_status status = visit(self, &cursor);
    // half a state is none
    if (status != SL_OK) sl_coordinator_reset(self);
    SL_TRY(status);
    return SL_OK;
}

static sl_status stop(sl_coordinator *self, const sl_learn_message *request, sl_learn_message *answer) {
    (void)self, (void)request, (void)answer;
    return SL_OK;
}

// what answers a kind of request: DONE, unless it says another kind
static sl_status (*const handlers[SL_LEARN_KINDS])(sl_coordinator *, const sl_learn_message *, sl_learn_message *) = {
    [SL_LEARN_COLLECT] = collect,    [SL_LEARN_RECORD] = record, [SL_LEARN_SAMPLE] = sample,
    [SL_LEARN_EVALUATE] = evaluate,  [SL_LEARN_FLY] = fly,       [SL_LEARN_RESTORE] = restore,
    [SL_LEARN_MODELS] = take_models, [SL_LEARN_STOP] = stop,
};

sl_status sl_coordinator_handle(sl_coordinator *self, const sl_learn_message *request, sl_learn_message *answer) {
    self->is_asked = true;
    if (request->kind >= SL_LEARN_KINDS || !handlers[request->kind])
        return sl_fail(SL_MISMATCH, NULL, "a coordinator does not answer messages of kind %d", (int)request->kind);
    answer->kind = SL_LEARN_DONE;
    answer->n_tensors = 0;
    answer->version = request->version;
    SL_TRY(handlers[request->kind](self, request, answer));
    if (request->want_snapshot) SL_TRY(add_snapshot(self, answer));
    return SL_OK;
}
