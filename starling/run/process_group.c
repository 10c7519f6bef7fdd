/* process_group.c - see process_group.h. */
#include "starling/run/process_group.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/program.h"
#include "common/vitals.h"
#include "net/endpoint.h"
#include "net/keyring.h"
#include "net/page_socket.h"
#include "starling/run/ask.h"
#include "starling/run/links_choice.h"
#include "starling/run/model_files.h"
#include "starling/run/supervise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TRAINER_GRACE_MS = 30000,
    OTHERS_GRACE_MS = 5000,
    READY_SECONDS = 60,
    JOIN_MS = 60000,
    STOP_MS = 5000,
    MAX_RESTARTS = 5,
    MAX_ENDPOINT = 256
};

typedef struct member {
    int child; /* of the supervisor; -1: not started */
    bool ready;
    char endpoint[MAX_ENDPOINT]; /* as its ready event said */
} member;

struct sl_process_group {
    const sl_run *run;
    sl_members members;
    sl_link_def learn; /* its endpoint is any, until one is chosen */
    const char *log_level;
    bool log_json;
    sl_run_progress *progress;
    sl_supervisor *supervisor;
    sl_ask *ask;
    bool is_met;    /* a coordinator has answered */
    bool is_broken; /* a program was given up */
    sl_keyring keyring;
    struct key_paths {
        char trainer[SL_KEYRING_PATH], coordinator[SL_KEYRING_PATH], allowed[SL_KEYRING_PATH];
    } paths; /* of members.keys */
    member trainer, coordinator;
    int announcer; /* of the supervisor; -1: not started */
    int n_agents;
    member *agents;       /* (N) */
    sl_model_files files; /* of the students; none before they are handed out */
    const char *record;   /* NULL: flights are not recorded */
    const char *agent;    /* NULL: the program of each student's size */
    char threads[16];     /* of the coordinator; "": the experiment's */
    const char *clock;    /* of flights */
    char hz[32];          /* likewise, "" */
    char page[SL_ENDPOINT_BYTES], trainer_page[SL_ENDPOINT_BYTES]; /* "": none */
    int64_t watch_us;                                              /* 0: they are not watched */
    const char *links;                                             /* of questions; NULL: the experiment's */
    bool divergence;                                               /* evaluations tell of it */
    void (*watch)(void *context, const json_t *event);
    void *watch_context;
};

// --------------------------------------------------------------------------------------------------- arguments

typedef struct arg_list {
    int n;
    const char *v[SL_CHILD_ARGS];
} arg_list;

static void add_arg(arg_list *list, const char *a, const char *b) {
    list->v[list->n++] = a;
    if (b) list->v[list->n++] = b;
    list->v[list->n] = NULL;
}

// the children's logs would tear the progress line: warnings only, unless the user asks for more
static void add_common(const sl_process_group *self, arg_list *list) {
    add_arg(list, "--log-level", self->log_level ? self->log_level : "warn");
    if (self->log_json) add_arg(list, "--log-json", NULL);
}

// with the folder's keys, or none; allow NULL: it serves nobody
static void add_keys(const sl_process_group *self, arg_list *list, const char *key, const char *allow) {
    if (self->members.keys) add_arg(list, "--key", key);
    if (self->members.keys && allow) add_arg(list, "--allow", allow);
    if (self->members.insecure) add_arg(list, "--insecure", NULL);
}

static arg_list trainer_args(const sl_process_group *self, bool resume) {
    arg_list list = {0};
    add_arg(&list, "--experiment", self->run->experiment_path);
    add_arg(&list, "--run", self->run->folder);
    if (self->trainer_page[0]) add_arg(&list, "--metrics", self->trainer_page);
    // a restarted trainer serves where the coordinator already knocks
    add_arg(&list, "--listen", self->trainer.endpoint[0] ? self->trainer.endpoint : self->learn.endpoint);
    if (resume) add_arg(&list, "--resume", NULL);
    add_keys(self, &list, self->paths.trainer, self->paths.allowed);
    if (self->members.remote_coordinator)
        add_arg(&list, "--wait", self->members.wait ? self->members.wait : "forever");
    add_common(self, &list);
    return list;
}

static const char *client_endpoint(const sl_process_group *self) {
    return self->trainer.endpoint[0] ? self->trainer.endpoint : sl_ask_endpoint(self->ask);
}

static arg_list coordinator_args(const sl_process_group *self) {
    arg_list list = {0};
    add_arg(&list, "--experiment", self->run->experiment_path);
    add_arg(&list, "--run", self->run->folder);
    if (self->page[0]) add_arg(&list, "--metrics", self->page);
    add_arg(&list, "--connect", client_endpoint(self));
    // a restarted coordinator is where its agents look for it
    const char *fleet = self->coordinator.endpoint[0] ? self->coordinator.endpoint : self->members.bind;
    if (fleet) add_arg(&list, "--fleet", fleet);
    // who comes and has no wish gets none of those that are started here
    bool mixed = self->members.n_remote > 0 && self->members.n_remote < self->members.n_agents;
    if (mixed) add_arg(&list, "--reserve", self->members.agents);
    if (self->record) add_arg(&list, "--record", self->record);
    if (self->threads[0]) add_arg(&list, "--threads", self->threads);
    add_arg(&list, "--clock", self->clock);
    if (self->hz[0]) add_arg(&list, "--hz", self->hz);
    add_keys(self, &list, self->paths.coordinator, self->paths.allowed);
    add_common(self, &list);
    return list;
}

// ------------------------------------------------------------------------------------------------------ events

static void note_ready(sl_process_group *self, member *who, const json_t *event) {
    const char *endpoint = json_string_value(json_object_get(event, "endpoint"));
    if (endpoint) (void)snprintf(who->endpoint, sizeof who->endpoint, "%s", endpoint);
    who->ready = true;
    const char *page = json_string_value(json_object_get(event, "metrics"));
    if (page) SL_INFO("%s shows its page at http://%.80s", who == &self->trainer ? "trainer" : "coordinator", page);
    if (who == &self->trainer) sl_vitals_say(SL_VITALS_READY, "training");
    if (who == &self->coordinator) sl_vitals_say(SL_VITALS_READY, "the coordinator serves");
    // from now on it is restarted with what is known now
    sl_status status = SL_OK;
    if (who == &self->trainer) {
        arg_list list = trainer_args(self, true);
        status = sl_supervisor_set_args(self->supervisor, who->child, list.v);
    } else if (who == &self->coordinator) {
        arg_list list = coordinator_args(self);
        status = sl_supervisor_set_args(self->supervisor, who->child, list.v);
    }
    if (status != SL_OK) SL_WARN("%s", sl_error_what());
}

static void on_event(void *context, int child, const json_t *event) {
    sl_process_group *self = context;
    const char *kind = json_string_value(json_object_get(event, "event"));
    if (!kind) return;
    if (strcmp(kind, "ready") == 0) {
        if (child == self->trainer.child) note_ready(self, &self->trainer, event);
        if (child == self->coordinator.child) note_ready(self, &self->coordinator, event);
        for (int i = 0; i < self->n_agents; i++) {
            if (child == self->agents[i].child) note_ready(self, &self->agents[i], event);
        }
    }
    if (child != self->trainer.child) return;
    // only now: a trainer that is told to end exits with 0 too
    if (strcmp(kind, "finished") == 0) sl_supervisor_set_exit_zero(self->supervisor, child, SL_EXIT_FINISHES);
    if (self->watch && strcmp(kind, "progress") == 0) self->watch(self->watch_context, event);
    sl_run_progress_event(self->progress, event);
}

// ----------------------------------------------------------------------------------------------------- life

// the coordinator has its first files, and a fleet that is opened again later asks for as many as at first
sl_status sl_process_group_need_room(const sl_setup *setup) {
    SL_TRY(sl_program_need_files(2 * SL_PROGRAM_FILES + setup->N));
    // of trainer and coordinator OpenBLAS's, the workers, and libzmq's two and a guard's;
    // an agent is one with two of libzmq's
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    return sl_program_need_threads(2 * (cores + setup->experiment->threads + 3) + 3 * setup->N);
}

static sl_status open_keys(sl_process_group *self) {
    const char *folder = self->members.keys;
    SL_TRY(sl_keyring_load_folder(folder, self->members.insecure, &self->keyring));
    if (!folder) return SL_OK;
    SL_TRY(sl_keyring_allowed(folder, self->paths.allowed));
    if (!self->members.remote_coordinator) SL_TRY(sl_keyring_file(folder, "coordinator", self->paths.coordinator));
    return sl_keyring_file(folder, "trainer", self->paths.trainer);
}

// the coordinator's page, and the trainer's at the next port
static sl_status choose_pages(sl_process_group *self) {
    if (!self->members.metrics) return SL_OK;
    SL_TRY(sl_page_endpoint(self->members.metrics, true, self->page));
    memcpy(self->trainer_page, self->page, sizeof self->page);
    // any port is another one for each
    char *port = strrchr(self->trainer_page, ':') + 1;
    if (strcmp(port, "*") == 0) return SL_OK;
    long next = strtol(port, NULL, 10) + 1;
    if (next > 65535)
        return sl_fail(SL_USAGE, "the trainer takes the next one", "--metrics: there is no port above 65535");
    (void)snprintf(port, SL_ENDPOINT_BYTES - (size_t)(port - self->trainer_page), "%ld", next);
    return SL_OK;
}

sl_status sl_process_group_create(const sl_run *run, const sl_args *args, const sl_members *members,
                                  sl_run_progress *progress, sl_process_group **out) {
    SL_TRY(sl_process_group_need_room(run->setup));
    sl_process_group *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for the programs of a run");
    self->run = run;
    self->members = members ? *members : sl_members_local(run->spec->n_agents);
    self->learn = args->learn;
    if (self->members.listen) self->learn.endpoint = self->members.listen;
    self->log_level = args->log_level;
    self->log_json = args->log_json;
    self->progress = progress;
    self->clock = sl_exp_clock_name(sl_links_clock(run->experiment, sl_links_own(run->setup)));
    self->trainer.child = self->coordinator.child = self->announcer = -1;
    self->agents = sl_alloc_array((size_t)run->spec->n_agents, sizeof *self->agents);
    for (int i = 0; self->agents && i < run->spec->n_agents; i++) self->agents[i].child = -1;
    sl_status status = self->agents ? open_keys(self) : sl_fail(SL_MEMORY, NULL, "no memory for the agents of a run");
    if (status == SL_OK) status = choose_pages(self);
    if (status == SL_OK) status = sl_supervisor_create(on_event, self, &self->supervisor);
    if (status != SL_OK) {
        sl_free(self->agents);
        sl_free(self);
        return status;
    }
    sl_vitals_open("starling", SL_VITALS_WORK_MS);
    *out = self;
    return SL_OK;
}

void sl_process_group_destroy(sl_process_group **self) {
    if (!*self) return;
    sl_vitals_close();
    sl_run_progress_break((*self)->progress);
    sl_ask_close(&(*self)->ask);
    sl_supervisor_destroy(&(*self)->supervisor);
    sl_model_files_fini(&(*self)->files);
    sl_free((*self)->agents);
    sl_free(*self);
    *self = NULL;
}

/* A remote coordinator is not ended by a signal: it is told that this is all. */
static void dismiss_coordinator(sl_process_group *self) {
    const sl_learn_message *answer = NULL;
    sl_learn_message request = {.kind = SL_LEARN_STOP};
    sl_error why;
    if (!self->members.remote_coordinator || !self->is_met) return;
    sl_error_save(&why);
    if (sl_ask_begin(self->ask, &request) == SL_OK) {
        bool answered = sl_ask_wait(self->ask, STOP_MS);
        if (sl_ask_end(self->ask, !answered, &answer) != SL_OK) SL_WARN("the coordinator was not told of the end");
    }
    sl_error_restore(&why);
}

void sl_process_group_end(sl_process_group *self) {
    sl_run_progress_break(self->progress);
    dismiss_coordinator(self);
    if (self->trainer.child >= 0) sl_supervisor_end(self->supervisor, self->trainer.child, TRAINER_GRACE_MS);
    sl_supervisor_end(self->supervisor, -1, OTHERS_GRACE_MS);
}

void sl_process_group_link(sl_process_group *self, const char *links, bool divergence) {
    self->links = links;
    self->divergence = divergence;
}

void sl_process_group_record(sl_process_group *self, const char *path) {
    self->record = path;
}

void sl_process_group_use_clock(sl_process_group *self, const char *clock, double hz) {
    self->clock = clock;
    if (hz > 0) (void)snprintf(self->hz, sizeof self->hz, "%.17g", hz);
}

void sl_process_group_use_threads(sl_process_group *self, int n) {
    (void)snprintf(self->threads, sizeof self->threads, "%d", n);
}

void sl_process_group_use_agent(sl_process_group *self, const char *program) {
    self->agent = program;
}

void sl_process_group_show(sl_process_group *self, int64_t us,
                           void (*picture)(void *context, const sl_learn_message *message), void *context) {
    self->watch_us = us;
    sl_ask_watch(self->ask, picture, context);
}

void sl_process_group_watch(sl_process_group *self, void (*watch)(void *context, const json_t *event),
                            void *context) {
    self->watch = watch;
    self->watch_context = context;
}

static sl_status start(sl_process_group *self, member *who, const char *name, const char *program,
                       const arg_list *list, sl_exit_zero exit_zero) {
    sl_child_def def = {name, program, list->v, exit_zero, MAX_RESTARTS};
    who->child = -1;
    who->ready = false;
    SL_TRY(sl_supervisor_add(self->supervisor, &def, &who->child));
    double deadline = sl_clock_seconds() + READY_SECONDS;
    while (!who->ready) {
        double left = deadline - sl_clock_seconds();
        if (left <= 0)
            return sl_fail(SL_NETWORK, "run it with --log-level debug", "%s did not get ready within %d s", name,
                           READY_SECONDS);
        SL_TRY(sl_supervisor_poll(self->supervisor, -1, (int)(left * 1000) + 1));
        // a run that was complete already may be over before it served
        if (sl_supervisor_is_done(self->supervisor, who->child)) return SL_OK;
    }
    return SL_OK;
}

sl_status sl_process_group_start_trainer(sl_process_group *self, bool resume) {
    arg_list list = trainer_args(self, resume);
    return start(self, &self->trainer, "trainer", "starling-trainer", &list, SL_EXIT_IS_DEATH);
}

sl_status sl_process_group_start_coordinator(sl_process_group *self) {
    if (self->members.remote_coordinator) {
        sl_vitals_say(SL_VITALS_READY, "serves a remote coordinator");
        SL_INFO("the coordinator comes by itself, to %s", client_endpoint(self));
        return SL_OK;
    }
    arg_list list = coordinator_args(self);
    return start(self, &self->coordinator, "coordinator", "starling-coordinator", &list, SL_EXIT_IS_DEATH);
}

sl_status sl_process_group_train_for(sl_process_group *self, double seconds) {
    double deadline = sl_clock_seconds() + seconds;
    while (!sl_supervisor_is_done(self->supervisor, self->trainer.child)) {
        double left = deadline - sl_clock_seconds();
        if (left <= 0) return SL_OK;
        SL_TRY(sl_supervisor_poll(self->supervisor, -1, left < 60 ? (int)(left * 1000) + 1 : 60000));
    }
    return SL_OK;
}

sl_status sl_process_group_train(sl_process_group *self) {
    return sl_process_group_train_for(self, 1e12);
}

json_t *sl_process_group_restarts(const sl_process_group *self) {
    int agents = 0, trainer = 0, coordinator = 0;
    if (self->trainer.child >= 0) trainer = sl_supervisor_restarts(self->supervisor, self->trainer.child);
    if (self->coordinator.child >= 0) {
        coordinator = sl_supervisor_restarts(self->supervisor, self->coordinator.child);
    }
    for (int i = 0; i < self->n_agents; i++) {
        if (self->agents[i].child < 0) continue;
        agents += sl_supervisor_restarts(self->supervisor, self->agents[i].child);
    }
    return json_pack("{s:i,s:i,s:i}", "trainer", trainer, "coordinator", coordinator, "agents", agents);
}

static double peak_of(const sl_process_group *self, const member *who) {
    pid_t pid = who->child >= 0 ? sl_supervisor_pid(self->supervisor, who->child) : 0;
    return pid > 0 ? sl_memory_peak_of((int)pid) : (double)NAN;
}

void sl_process_group_memory(const sl_process_group *self, double *trainer, double *coordinator) {
    *trainer = peak_of(self, &self->trainer);
    *coordinator = peak_of(self, &self->coordinator);
}

// ------------------------------------------------------------------------------------------------------- asking

sl_status sl_process_group_serve(sl_process_group *self) {
    sl_link_def link = self->learn;
    if (self->trainer.endpoint[0]) link.endpoint = self->trainer.endpoint;
    SL_TRY(sl_keyring_protect(&self->keyring, true, &link));
    int join_ms = self->members.remote_coordinator ? self->members.wait_ms : JOIN_MS;
    return sl_ask_open(&link, self->run->config_hash, join_ms, &self->ask);
}

bool sl_process_group_is_broken(const sl_process_group *self) {
    return self->is_broken;
}

const char *sl_process_group_endpoint(const sl_process_group *self) {
    return self->members.remote_coordinator ? client_endpoint(self) : self->coordinator.endpoint;
}

// sends the request on the learn client's thread and watches the programs until its answer is there
static sl_status exchange(sl_process_group *self, sl_learn_message *request, const char *stage,
                          const sl_learn_message **answer) {
    double begin = sl_clock_seconds();
    SL_TRY(sl_ask_begin(self->ask, request));
    sl_status watched = SL_OK;
    while (watched == SL_OK && !sl_ask_is_answered(self->ask)) {
        watched = sl_supervisor_poll(self->supervisor, sl_ask_wake_fd(self->ask), 200);
        sl_run_progress_news news = {
            .stage = stage, .unit = "episodes", .per_second = -1, .eta_seconds = -1, .won = -1};
        char note[SL_ASK_NOTE];
        sl_ask_progress(self->ask, &news.done, &news.total, note);
        if (self->members.remote_coordinator && !self->is_met && !note[0] && news.done == 0)
            (void)snprintf(note, sizeof note, "waiting for a coordinator at %.100s", client_endpoint(self));
        news.note = note;
        // whoever waits has no pace
        if (note[0] && news.done == 0) begin = sl_clock_seconds();
        double elapsed = sl_clock_seconds() - begin;
        if (news.done > 0 && elapsed > 0) {
            news.per_second = (double)news.done / elapsed;
            news.eta_seconds = (double)(news.total - news.done) / news.per_second;
        }
        if (news.done > 0 || note[0]) sl_run_progress_update(self->progress, &news);
    }
    sl_error why;
    sl_error_save(&why);
    sl_status answered = sl_ask_end(self->ask, watched != SL_OK, answer);
    // why the programs failed says more than that no answer came
    if (watched != SL_OK) sl_error_restore(&why);
    self->is_broken |= watched != SL_OK;
    SL_TRY(watched);
    self->is_met |= answered == SL_OK;
    return answered;
}

static sl_status ask(sl_process_group *self, sl_learn_message *request, const char *stage, sl_evaluation *out) {
    double begin = sl_clock_seconds();
    const sl_learn_message *answer = NULL;
    sl_run_progress_start(self->progress, stage);
    SL_TRY(exchange(self, request, stage, &answer));
    SL_TRY(sl_evaluation_read(answer, self->run->spec->n_agents, request->n_episodes, out));
    out->seconds = sl_clock_seconds() - begin;
    sl_run_progress_done(self->progress, stage);
    return SL_OK;
}

// the parameters of the acting networks, one after the other
static sl_status gather(const sl_run *run, sl_policy_kind policy, float **out, int64_t *n) {
    bool students = policy == SL_POLICY_STUDENTS;
    const sl_policy *first = students ? run->students : &run->teacher;
    int count = students ? run->n_students : 1;
    size_t total = 0, at = 0;
    for (int i = 0; i < count; i++) total += sl_net_n_params(&first[i].def);
    float *params = sl_alloc_array(total, sizeof *params);
    if (!params) return sl_fail(SL_MEMORY, NULL, "no memory for %zu parameters", total);
    for (int i = 0; i < count; i++) {
        size_t n_params = sl_net_n_params(&first[i].def);
        memcpy(params + at, first[i].params, n_params * sizeof *params);
        at += n_params;
    }
    *out = params;
    *n = (int64_t)total;
    return SL_OK;
}

sl_status sl_process_group_evaluate(sl_process_group *self, sl_policy_kind policy, int n_episodes, uint64_t seed,
                                    const char *stage, sl_evaluation *out) {
    sl_learn_message request = {.kind = SL_LEARN_EVALUATE, .policy = policy, .n_episodes = n_episodes, .seed = seed};
    request.links = self->links;
    request.want_divergence = self->divergence;
    float *params = NULL;
    int64_t n = 0;
    if (policy == SL_POLICY_TEACHER || policy == SL_POLICY_STUDENTS) {
        SL_TRY(gather(self->run, policy, &params, &n));
        sl_learn_add(&request, SL_TENSOR_PARAMS, params, SL_SHAPE(n));
    }
    sl_status status = ask(self, &request, stage, out);
    sl_free(params);
    return status;
}

// before there are agents: the first that they hear is which student they fly
static sl_status hand_out(sl_process_group *self) {
    const sl_learn_message *answer = NULL;
    sl_learn_message request = {.kind = SL_LEARN_MODELS};
    SL_TRY(sl_model_files_read(self->run, &self->files));
    sl_model_files_add(&self->files, &request);
    return exchange(self, &request, "models", &answer);
}

static sl_status start_agent(sl_process_group *self, int i, const char *endpoint) {
    char name[32], program[64], slot[16], model[SL_RUN_PATH], key[SL_KEYRING_PATH];
    SL_TRY(sl_run_student_path(self->run, i, model));
    (void)snprintf(program, sizeof program, "starling-agent-%d", self->run->students[i].profile.hidden);
    (void)snprintf(slot, sizeof slot, "%d", i);
    arg_list list = {0};
    add_arg(&list, "--connect", endpoint);
    add_arg(&list, "--model", model);
    add_arg(&list, "--slot", slot);
    (void)snprintf(name, sizeof name, "agent-%d", i);
    if (self->members.keys) SL_TRY(sl_keyring_file(self->members.keys, name, key));
    add_keys(self, &list, key, NULL);
    (void)snprintf(name, sizeof name, "agent %d", i);
    add_common(self, &list);
    // the coordinator's goodbye ends an agent; the next flight wants it again
    sl_child_def def = {name, self->agent ? self->agent : program, list.v, SL_EXIT_AGAIN, MAX_RESTARTS};
    return sl_supervisor_add(self->supervisor, &def, &self->agents[i].child);
}

// tells the network where agents connect, for `starling agent --discover`
static sl_status start_announcer(sl_process_group *self) {
    char name[96];
    const char *port = strrchr(self->coordinator.endpoint, ':');
    if (!self->members.announces || self->announcer >= 0 || !port) return SL_OK;
    (void)snprintf(name, sizeof name, "starling %.40s %s", self->run->experiment->name, port + 1);
    arg_list list = {0};
    add_arg(&list, name, "_starling._tcp");
    add_arg(&list, port + 1, NULL);
    sl_child_def def = {"announcer", SL_ANNOUNCER, list.v, SL_EXIT_IS_DEATH, MAX_RESTARTS};
    return sl_supervisor_add(self->supervisor, &def, &self->announcer);
}

static void announce_remote(const sl_process_group *self) {
    char slots[SL_MEMBERS_NAMES];
    if (self->members.n_remote == 0) return;
    sl_members_name_remote(&self->members, slots);
    const char *to = self->members.remote_coordinator ? "the coordinator" : self->coordinator.endpoint;
    SL_INFO("agents of slots %s come by themselves, to %s", slots, to);
}

// agents are not waited for one by one: the flight waits for all of them together
sl_status sl_process_group_start_agents(sl_process_group *self) {
    char endpoint[SL_ENDPOINT_BYTES];
    SL_TRY(hand_out(self));
    announce_remote(self);
    SL_TRY(start_announcer(self));
    sl_endpoint_reach(self->coordinator.endpoint, endpoint);
    for (; self->n_agents < self->run->n_students; self->n_agents++)
        if (!self->members.comes[self->n_agents]) SL_TRY(start_agent(self, self->n_agents, endpoint));
    return SL_OK;
}

sl_status sl_process_group_fly(sl_process_group *self, int n_episodes, uint64_t seed, const char *stage,
                               sl_evaluation *out) {
    sl_learn_message request = {
        .kind = SL_LEARN_FLY, .policy = SL_POLICY_STUDENTS, .n_episodes = n_episodes, .seed = seed};
    request.links = self->links;
    request.watch_us = self->watch_us;
    request.wait_ms = self->members.wait_ms;
    // again, for a coordinator that is restarted meanwhile
    sl_model_files_add(&self->files, &request);
    return ask(self, &request, stage, out);
}
