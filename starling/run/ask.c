/* ask.c - see ask.h. */
#include "starling/run/ask.h"

#include "common/alloc.h"
#include "net/learn_client.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { SILENCE_MS = 120000, GRACE_MS = 0 };

struct sl_ask {
    sl_learn_client *client;
    pthread_t thread;
    int wake_fd;
    volatile sig_atomic_t stop; /* given up: the programs failed, or the user interrupted */
    atomic_bool answered;
    _Atomic int64_t done, total;
    pthread_mutex_t note_lock;
    char note[SL_ASK_NOTE];
    void (*picture)(void *context, const sl_learn_message *message);
    void *picture_context;
    sl_learn_message *request;
    const sl_learn_message *answer;
    sl_status status;
    sl_error error; /* of status, from the thread that asked */
};

static void set_note(sl_ask *self, const char *note) {
    (void)pthread_mutex_lock(&self->note_lock);
    (void)snprintf(self->note, sizeof self->note, "%.*s", (int)sizeof self->note - 1, note);
    (void)pthread_mutex_unlock(&self->note_lock);
}

static void on_progress(void *context, const sl_learn_message *message) {
    sl_ask *self = context;
    atomic_store(&self->done, message->done);
    atomic_store(&self->total, message->total);
    // a picture's text is another one
    bool is_note = !sl_learn_tensor(message, SL_TENSOR_SHAPES);
    set_note(self, is_note ? message->text : "");
    if (self->picture && sl_learn_tensor(message, SL_TENSOR_SHAPES)) self->picture(self->picture_context, message);
}

sl_status sl_ask_open(const sl_link_def *link, const char *config_hash, int join_ms, sl_ask **out) {
    sl_ask *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a learn client");
    (void)pthread_mutex_init(&self->note_lock, NULL);
    self->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    sl_learn_client_def def = sl_learn_client_default_def(*link);
    (void)snprintf(def.config_hash, sizeof def.config_hash, "%s", config_hash);
    def.join_ms = join_ms;
    def.silence_ms = join_ms == SL_WAIT_FOREVER ? SL_WAIT_FOREVER : SILENCE_MS;
    def.grace_ms = GRACE_MS;
    def.stop = &self->stop;
    def.progress = on_progress;
    def.context = self;
    sl_status status = SL_OK;
    if (self->wake_fd < 0) status = sl_fail(SL_IO, "raise 'ulimit -n'", "eventfd: %s", strerror(errno));
    if (status == SL_OK) status = sl_learn_client_open(&def, &self->client);
    if (status != SL_OK)
        sl_ask_close(&self);
    else
        *out = self;
    return status;
}

void sl_ask_close(sl_ask **self) {
    if (!*self) return;
    sl_learn_client_close(&(*self)->client);
    if ((*self)->wake_fd >= 0) close((*self)->wake_fd);
    (void)pthread_mutex_destroy(&(*self)->note_lock);
    sl_free(*self);
    *self = NULL;
}

void sl_ask_watch(sl_ask *self, void (*picture)(void *context, const sl_learn_message *message), void *context) {
    self->picture = picture;
    self->picture_context = context;
}

const char *sl_ask_endpoint(const sl_ask *self) {
    return sl_learn_client_endpoint(self->client);
}

static void *wait_for_answer(void *context) {
    sl_ask *self = context;
    self->status = sl_learn_client_wait(self->client);
    // every question of ours depends on its seed alone: a new coordinator may simply be asked again
    if (self->status == SL_OK) self->status = sl_learn_client_ask(self->client, self->request, true, &self->answer);
    sl_error_save(&self->error);
    atomic_store(&self->answered, true);
    uint64_t one = 1;
    if (write(self->wake_fd, &one, sizeof one) < 0) return NULL;
    return NULL;
}

sl_status sl_ask_begin(sl_ask *self, sl_learn_message *request) {
    uint64_t drained;
    while (read(self->wake_fd, &drained, sizeof drained) > 0) continue;
    self->request = request;
    self->answer = NULL;
    self->stop = 0;
    atomic_store(&self->answered, false);
    atomic_store(&self->done, 0);
    atomic_store(&self->total, 0);
    self->note[0] = 0;
    int error = pthread_create(&self->thread, NULL, wait_for_answer, self);
    return error ? sl_fail(SL_IO, NULL, "cannot start a thread: %s", strerror(error)) : SL_OK;
}

bool sl_ask_is_answered(const sl_ask *self) {
    return atomic_load(&self->answered);
}

bool sl_ask_wait(const sl_ask *self, int timeout_ms) {
    struct pollfd fd = {.fd = self->wake_fd, .events = POLLIN};
    while (poll(&fd, 1, timeout_ms) < 0 && errno == EINTR) continue;
    return sl_ask_is_answered(self);
}

int sl_ask_wake_fd(const sl_ask *self) {
    return self->wake_fd;
}

void sl_ask_progress(sl_ask *self, int64_t *done, int64_t *total, char note[SL_ASK_NOTE]) {
    (void)pthread_mutex_lock(&self->note_lock);
    memcpy(note, self->note, SL_ASK_NOTE);
    (void)pthread_mutex_unlock(&self->note_lock);
    *done = atomic_load(&self->done);
    *total = atomic_load(&self->total);
}

sl_status sl_ask_end(sl_ask *self, bool give_up, const sl_learn_message **answer) {
    if (give_up) self->stop = 1;
    pthread_join(self->thread, NULL);
    if (self->status == SL_OK)
        *answer = self->answer;
    else
        sl_error_restore(&self->error);
    return self->status;
}
