/* serve.c - see serve.h; the order of messages is in net/learn_message.h. */
#include "coordinator/serve.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/vitals.h"
#include "envs/shape_rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int64_t hello_every_ns = 1000000000, progress_every_ns = 250000000, gone_ns = 30000000000;
enum { STEP_MS = 20 };

struct sl_server {
    const volatile sig_atomic_t *stop;
    char config_hash[65];
    sl_coordinator *coordinator;
    sl_transport *transport;
    sl_learn_codec *codec;
    uint64_t run_id;
    uint64_t client;               /* the learn client's run id, 0 before the first WELCOME */
    uint64_t working_on, answered; /* request ids, 0 = none */
    bool is_flying;                /* works on FLY, which no answer but its own depends on */
    int64_t lost_ns;               /* since when nothing can be sent to the learn client; 0 = it can */
    uint64_t next_client;          /* came in the middle of a flight; 0 = none */
    uint64_t stop_id;              /* of a STOP that came there; 0 = none */
    uint64_t n_dropped;            /* messages that no learn client sends */
    int64_t next_hello, next_progress;
    uint64_t connected;                                    /* connections made, when HELLO was said last */
    sl_coordinator_page *page;                             /* NULL: nobody looks on */
    sl_coordinator_numbers numbers;                        /* of its own work */
    const char *work;                                      /* the request's, or "idle" */
    float shape_numbers[SL_MAX_SHAPES * SL_SHAPE_NUMBERS]; /* of the picture being sent */
    uint8_t shape_bytes[SL_MAX_SHAPES * SL_SHAPE_BYTES];
    sl_learn_message answer; /* the last one, for a learn client that asks again */
};

static bool stopped(const sl_server *self) {
    return self->stop && *self->stop;
}

// from within whatever is at work
static void tell(void *context) {
    sl_server *self = context;
    int64_t now_ns = self->page ? sl_clock_ns() : 0;
    if (!self->page || !sl_coordinator_page_is_due(self->page, now_ns)) return;
    sl_page_news news = {
        .numbers = self->numbers, .work = self->work, .learn = sl_transport_get_stats(self->transport)};
    sl_coordinator_tell(self->coordinator, &news);
    sl_coordinator_page_tell(self->page, now_ns, &news);
}

static void say_hello(sl_server *self) {
    self->connected = sl_transport_get_stats(self->transport).connected;
    sl_learn_message hello = {.kind = SL_LEARN_HELLO, .run_id = self->run_id, .request_id = self->answered};
    memcpy(hello.config_hash, self->config_hash, sizeof hello.config_hash);
    // nobody there yet: the next one may arrive
    if (sl_learn_send(self->codec, self->transport, NULL, &hello) != SL_OK) SL_DEBUGF("HELLO was not sent");
    self->next_hello = sl_transport_now_ns(self->transport) + hello_every_ns;
}

// what comes in while a flight goes on, or waits for its agents: it may be for ever
static void hear_client(sl_server *self) {
    sl_message frames;
    sl_learn_message message;
    if (sl_transport_receive(self->transport, 0, &frames) != SL_OK) return;
    if (sl_learn_decode(self->codec, &frames, &message) != SL_OK) return;
    if (message.kind == SL_LEARN_WELCOME && message.run_id != self->client) self->next_client = message.run_id;
    if (message.kind == SL_LEARN_STOP && message.run_id == self->client) self->stop_id = message.request_id;
}

/* Nobody is left who wants the flight: it is given up, as its waits need not end. Work that has a state goes on, for
 * a learn client that was away only. */
static sl_status look_after_client(sl_server *self, bool sent) {
    int64_t now = sl_transport_now_ns(self->transport);
    if (!sent && self->lost_ns == 0) self->lost_ns = now;
    if (!sent && now - self->lost_ns > gone_ns)
        return sl_fail(SL_TIMEOUT, NULL, "the flight is given up: who asked for it is gone");
    if (!sent) return SL_OK;
    // it may be another one that listens there now
    if (self->lost_ns != 0) say_hello(self);
    self->lost_ns = 0;
    hear_client(self);
    if (self->next_client != 0) return sl_fail(SL_TIMEOUT, NULL, "the flight is given up: another one asks now");
    if (self->stop_id != 0) return sl_fail(SL_TIMEOUT, NULL, "the flight is given up: who asked for it said so");
    return SL_OK;
}

static sl_status report(void *context, int64_t done, int64_t total) {
    sl_server *self = context;
    if (stopped(self)) return sl_fail(SL_INTERRUPTED, NULL, "interrupted");
    int64_t now = sl_transport_now_ns(self->transport);
    sl_vitals_beat(now);
    self->numbers.work_done = done;
    self->numbers.work_size = total;
    tell(self);
    if (now < self->next_progress) return SL_OK;
    SL_TRY(sl_coordinator_idle(self->coordinator));
    self->next_progress = now + progress_every_ns;
    sl_learn_message message = {.kind = SL_LEARN_PROGRESS,
                                .run_id = self->run_id,
                                .request_id = self->working_on,
                                .done = done < total ? done : total,
                                .total = total};
    // progress that does not arrive is no loss
    bool sent = sl_learn_send(self->codec, self->transport, NULL, &message) == SL_OK;
    return self->is_flying ? look_after_client(self, sent) : SL_OK;
}

// PROGRESS that says whom the work waits for; from within the work, so that nothing else is done here
static void note(void *context, int64_t done, int64_t total, const char *text) {
    sl_server *self = context;
    sl_learn_message message = {.kind = SL_LEARN_PROGRESS,
                                .run_id = self->run_id,
                                .request_id = self->working_on,
                                .done = done,
                                .total = total};
    (void)snprintf(message.text, sizeof message.text, "%s", text);
    if (sl_learn_send(self->codec, self->transport, NULL, &message) != SL_OK) SL_DEBUGF("progress was not sent");
}

// PROGRESS with a picture
static void show(void *context, const sl_watch_frame *frame) {
    sl_server *self = context;
    int64_t n = frame->n_shapes, N = frame->n_agents;
    sl_learn_message message = {.kind = SL_LEARN_PROGRESS,
                                .run_id = self->run_id,
                                .request_id = self->working_on,
                                .done = frame->episode,
                                .total = frame->n_episodes};
    (void)snprintf(message.text, sizeof message.text, "%s", frame->outcome);
    sl_shape_rows_write(frame->n_shapes, frame->shapes, self->shape_numbers, self->shape_bytes);
    sl_learn_add(&message, SL_TENSOR_SHAPES, self->shape_numbers, SL_SHAPE(n, SL_SHAPE_NUMBERS));
    sl_learn_add(&message, SL_TENSOR_LABELS, self->shape_bytes, SL_SHAPE(n, SL_SHAPE_BYTES));
    sl_learn_add(&message, SL_TENSOR_EPISODE_RETURN, frame->returns, SL_SHAPE(1, N));
    sl_learn_add(&message, SL_TENSOR_EPISODE_LENGTH, &frame->step, SL_SHAPE(1));
    if (frame->actions) sl_learn_add(&message, SL_TENSOR_ACTION, frame->actions, SL_SHAPE(N));
    if (sl_learn_send(self->codec, self->transport, NULL, &message) != SL_OK) SL_DEBUGF("a picture was not sent");
}

static sl_status open_page(sl_server *self, const sl_coordinator_def *def, const char *metrics) {
    self->work = "idle";
    const sl_coordinator_page_def page = {.endpoint = metrics,
                                          .run = def->run,
                                          .env = def->experiment->env.name,
                                          .n_slots = sl_coordinator_setup(self->coordinator)->N};
    return metrics ? sl_coordinator_page_open(&page, &self->page) : SL_OK;
}

// a number that no other incarnation has
static uint64_t draw_run_id(void) {
    uint64_t id = 0;
    int fd = open("/dev/urandom", O_RDONLY);
    if (fd >= 0) {
        if (read(fd, &id, sizeof id) != (ssize_t)sizeof id) id = 0;
        (void)close(fd);
    }
    return id ? id : (uint64_t)sl_clock_ns() ^ ((uint64_t)getpid() << 48) ^ 1u;
}

sl_status sl_server_open(const sl_link_def *link, const sl_coordinator_def *def, const char *metrics,
                         sl_server **out) {
    sl_server *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate the coordinator's link");
    self->stop = def->stop;
    memcpy(self->config_hash, def->config_hash, sizeof self->config_hash);
    self->run_id = draw_run_id();
    sl_coordinator_def with_progress = *def;
    with_progress.progress = (sl_progress){report, self, note};
    with_progress.watch = (sl_watch){show, self};
    with_progress.pulse = tell;
    with_progress.pulse_context = self;
    sl_status status = sl_coordinator_create(&with_progress, &self->coordinator);
    if (status == SL_OK) status = sl_learn_codec_create(&self->codec);
    if (status == SL_OK) status = sl_transport_connect(link, &self->transport);
    if (status == SL_OK) status = open_page(self, def, metrics);
    if (status != SL_OK) {
        sl_server_close(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_server_close(sl_server **self_pointer) {
    sl_server *self = *self_pointer;
    if (!self) return;
    sl_coordinator_page_close(&self->page);
    sl_transport_close(&self->transport);
    sl_learn_codec_destroy(&self->codec);
    sl_coordinator_destroy(&self->coordinator);
    sl_free(self);
    *self_pointer = NULL;
}

static void fill_error(sl_learn_message *answer, sl_status status) {
    answer->kind = SL_LEARN_ERROR;
    answer->n_tensors = 0;
    answer->code = status;
    const char *hint = sl_error_hint();
    (void)snprintf(answer->text, sizeof answer->text, "%s%s%s%s", sl_error_what(), hint ? " (" : "", hint ? hint : "",
                   hint ? ")" : "");
}

// SL_MEMORY: some of its frames may have gone, and nothing can follow them on this connection
static sl_status send_answer(sl_server *self) {
    sl_status status = sl_learn_send(self->codec, self->transport, NULL, &self->answer);
    if (status == SL_CONFIG) {
        // it never can be: the learn client must know
        fill_error(&self->answer, status);
        SL_WARN("cannot answer: %s", self->answer.text);
        status = sl_learn_send(self->codec, self->transport, NULL, &self->answer);
    }
    if (status == SL_MEMORY) return status;
    if (status == SL_OK) {
        self->answered = self->answer.request_id;
    } else {
        SL_WARN("an answer could not be sent (%s); it is kept until it is asked for again", sl_status_name(status));
    }
    self->next_hello = sl_transport_now_ns(self->transport) + hello_every_ns;
    return SL_OK;
}

// of a request, as the page calls it
static const char *name_work(sl_learn_kind kind) {
    static const char *const names[SL_LEARN_KINDS] = {
        [SL_LEARN_COLLECT] = "collect",   [SL_LEARN_RECORD] = "record", [SL_LEARN_SAMPLE] = "sample",
        [SL_LEARN_EVALUATE] = "evaluate", [SL_LEARN_FLY] = "fly",       [SL_LEARN_RESTORE] = "restore",
        [SL_LEARN_MODELS] = "models",     [SL_LEARN_STOP] = "stop",
    };
    return names[kind] ? names[kind] : "";
}

static void handle_welcome(sl_server *self, uint64_t run_id) {
    if (run_id == self->client) return;
    SL_INFO("%s learn client", self->client ? "a new" : "met the");
    sl_coordinator_reset(self->coordinator);
    self->client = run_id;
    self->answered = 0;
    self->answer = (sl_learn_message){.request_id = 0};
}

// what came in the middle of the flight that was given up
static void catch_up(sl_server *self, bool *finished) {
    if (self->next_client != 0) handle_welcome(self, self->next_client);
    if (self->next_client == 0 && self->stop_id != 0) {
        self->answer = (sl_learn_message){.kind = SL_LEARN_DONE, .run_id = self->run_id, .request_id = self->stop_id};
        (void)send_answer(self); // it ends all the same
        *finished = true;
    }
    self->next_client = self->stop_id = 0;
}

static sl_status handle_request(sl_server *self, const sl_learn_message *request, bool *finished) {
    if (request->run_id != self->client) {
        SL_DEBUGF("dropped a request of a learn client that is not the present one");
        return SL_OK;
    }
    // asked again: the work is done already, only its answer was lost
    if (request->request_id == self->answer.request_id) {
        return send_answer(self);
    }
    self->working_on = request->request_id;
    self->work = name_work(request->kind);
    self->numbers.busy = 1;
    self->numbers.work_done = self->numbers.work_size = 0;
    self->answer = (sl_learn_message){.run_id = self->run_id, .request_id = request->request_id};
    self->is_flying = request->kind == SL_LEARN_FLY;
    self->lost_ns = 0;
    int64_t began_ns = sl_clock_ns();
    sl_status status = sl_coordinator_handle(self->coordinator, request, &self->answer);
    self->answer.worked_ns = sl_clock_ns() - began_ns;
    self->working_on = 0;
    self->work = "idle";
    self->numbers.busy = self->numbers.work_done = self->numbers.work_size = 0;
    self->numbers.requests++;
    self->is_flying = false;
    if (status == SL_INTERRUPTED) return status;
    if (self->next_client != 0 || self->stop_id != 0) {
        SL_INFO("%s", status == SL_OK ? "the flight is over, and nobody waits for it" : sl_error_what());
        catch_up(self, finished);
        return SL_OK;
    }
    if (status != SL_OK) {
        fill_error(&self->answer, status);
        SL_WARN("refused a request: %s", self->answer.text);
    }
    SL_TRY(send_answer(self));
    *finished = status == SL_OK && request->kind == SL_LEARN_STOP;
    return SL_OK;
}

static sl_status handle_message(sl_server *self, const sl_message *frames, bool *finished) {
    sl_learn_message message;
    sl_status status = sl_learn_decode(self->codec, frames, &message);
    if (status != SL_OK) {
        // the first, second, fourth, ...: nonsense without end shall not fill the log too
        self->n_dropped++;
        if ((self->n_dropped & (self->n_dropped - 1)) == 0)
            SL_WARN("dropped a message, %llu so far: %s", (unsigned long long)self->n_dropped, sl_error_what());
        return SL_OK;
    }
    switch (message.kind) {
    case SL_LEARN_WELCOME:
        handle_welcome(self, message.run_id);
        return SL_OK;
    case SL_LEARN_REJECT: {
        bool same = strcmp(message.config_hash, self->config_hash) == 0;
        return sl_fail(SL_MISMATCH, same ? "end that one first" : "both need the same experiment", "rejected: %s",
                       message.text);
    }
    case SL_LEARN_COLLECT:
    case SL_LEARN_RECORD:
    case SL_LEARN_SAMPLE:
    case SL_LEARN_EVALUATE:
    case SL_LEARN_FLY:
    case SL_LEARN_RESTORE:
    case SL_LEARN_MODELS:
    case SL_LEARN_STOP:
        return handle_request(self, &message, finished);
    default:
        SL_WARN("dropped a message that no coordinator gets (kind %d)", (int)message.kind);
        return SL_OK;
    }
}

sl_status sl_server_step(sl_server *self, int timeout_ms, bool *finished) {
    *finished = false;
    tell(self);
    if (stopped(self)) return sl_fail(SL_INTERRUPTED, NULL, "interrupted");
    int64_t now = sl_transport_now_ns(self->transport);
    sl_vitals_beat(now);
    // whoever listens there now, it may be another one
    bool is_new = sl_transport_get_stats(self->transport).connected != self->connected;
    if (is_new || now >= self->next_hello) say_hello(self);
    SL_TRY(sl_coordinator_idle(self->coordinator));
    sl_message frames;
    sl_status status = sl_transport_receive(self->transport, timeout_ms, &frames);
    if (status == SL_TIMEOUT) return SL_OK;
    // a signal: the next step looks at *stop
    if (status == SL_INTERRUPTED) return SL_OK;
    SL_TRY(status);
    return handle_message(self, &frames, finished);
}

const char *sl_server_fleet_endpoint(const sl_server *self) {
    return sl_coordinator_fleet_endpoint(self->coordinator);
}

const char *sl_server_metrics_address(const sl_server *self) {
    return self->page ? sl_coordinator_page_address(self->page) : "";
}

// a learn client has gone in order: nothing that it asked for counts for the next one
static void forget_client(sl_server *self) {
    SL_INFO("the learn client is done; waiting for the next one");
    sl_coordinator_dismiss(self->coordinator);
    sl_coordinator_reset(self->coordinator);
    self->client = self->answered = 0;
    self->answer = (sl_learn_message){.request_id = 0};
}

sl_status sl_server_run(sl_server *self, bool stays) {
    sl_vitals_say(SL_VITALS_READY, "serving");
    for (;;) {
        bool finished = false;
        // short, because agents join through a socket that is only looked at in between
        SL_TRY(sl_server_step(self, STEP_MS, &finished));
        if (finished && !stays) return SL_OK;
        if (finished) forget_client(self);
    }
}
