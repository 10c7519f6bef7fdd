/* result.c - see result.h. */
#include "starling/study/result.h"

#include "common/alloc.h"
#include "starling/run/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_EPISODES = 1000000, NEVER = SL_LINKS_AGES - 1 };

sl_status sl_study_result_create(int n_episodes, bool can_win, sl_study_result **out) {
    sl_study_result *self = sl_alloc(sizeof *self);
    if (self) {
        self->n_episodes = n_episodes;
        self->returns = sl_alloc_array((size_t)n_episodes, sizeof *self->returns);
        if (can_win) self->won = sl_alloc((size_t)n_episodes);
    }
    if (!self || !self->returns || (can_win && !self->won)) {
        sl_study_result_destroy(&self);
        return sl_fail(SL_MEMORY, NULL, "no memory for %d episodes", n_episodes);
    }
    *out = self;
    return SL_OK;
}

void sl_study_result_destroy(sl_study_result **self) {
    if (!*self) return;
    sl_free((*self)->returns);
    sl_free((*self)->won);
    sl_free(*self);
    *self = NULL;
}

int sl_study_result_same(const sl_study_result *a, const sl_study_result *b) {
    int n = 0;
    for (int e = 0; e < a->n_episodes && e < b->n_episodes; e++) {
        uint64_t x = 0, y = 0;
        memcpy(&x, &a->returns[e], sizeof x);
        memcpy(&y, &b->returns[e], sizeof y);
        n += x == y;
    }
    return n;
}

// ------------------------------------------------------------------------------------------------------------
// writing

static json_t *encode_ages(const uint64_t ages[SL_LINKS_AGES], bool *failed) {
    json_t *object = json_object();
    for (int age = 0; age < SL_LINKS_AGES; age++) {
        char name[16] = "never";
        if (ages[age] == 0) continue;
        if (age != NEVER) (void)snprintf(name, sizeof name, "%d", age);
        sl_json_set(object, name, json_integer((json_int_t)ages[age]), failed);
    }
    return object;
}

static uint64_t *number_of(sl_link_counts *counts, const sl_metric *m) {
    return (uint64_t *)(void *)((char *)counts + m->offset);
}

static json_t *encode_counts(const sl_link_counts *counts, bool *failed) {
    json_t *object = json_object();
    for (int i = 0; i < sl_link_count_metrics.n; i++) {
        const sl_metric *m = &sl_link_count_metrics.metrics[i];
        sl_json_set(object, m->name, json_integer((json_int_t)sl_metric_get(m, counts)), failed);
    }
    return object;
}

static json_t *encode_won(const sl_study_result *self) {
    char *text = sl_alloc((size_t)self->n_episodes + 1);
    if (!text) return NULL;
    for (int e = 0; e < self->n_episodes; e++) text[e] = self->won[e] ? '1' : '0';
    json_t *won = json_string(text);
    sl_free(text);
    return won;
}

json_t *sl_study_result_encode(const sl_study_result *self, const char *key) {
    bool failed = false;
    json_t *object = json_object(), *returns = json_array();
    for (int e = 0; e < self->n_episodes; e++)
        if (json_array_append_new(returns, json_real(self->returns[e])) != 0) failed = true;
    SL_JSON_SET(object, &failed, {"key", json_string(key)}, {"returns", returns}, {"length", json_real(self->length)},
                {"seconds", json_real(self->seconds)}, {"counts", encode_counts(&self->counts, &failed)},
                {"observation_ages", encode_ages(self->counts.observation_ages, &failed)},
                {"action_ages", encode_ages(self->counts.action_ages, &failed)});
    if (self->won) sl_json_set(object, "won", encode_won(self), &failed);
    if (!failed) return object;
    json_decref(object);
    return NULL;
}

// ------------------------------------------------------------------------------------------------------------
// reading

static sl_status malformed(const char *key) {
    return sl_fail(SL_CORRUPT, "--fresh begins the study anew", "a point of the study has no right '%s'", key);
}

static sl_status decode_real(const json_t *object, const char *key, double *out) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value) || !isfinite(json_number_value(value)) || json_number_value(value) < 0)
        return malformed(key);
    *out = json_number_value(value);
    return SL_OK;
}

static sl_status decode_ages(const json_t *object, const char *key, uint64_t ages[SL_LINKS_AGES]) {
    const json_t *table = json_object_get(object, key);
    if (!json_is_object(table)) return malformed(key);
    for (void *at = json_object_iter((json_t *)table); at; at = json_object_iter_next((json_t *)table, at)) {
        const char *name = json_object_iter_key(at);
        json_int_t count = json_integer_value(json_object_iter_value(at));
        char *end = NULL;
        long age = strcmp(name, "never") == 0 ? NEVER : strtol(name, &end, 10);
        if ((end && (end == name || *end || age >= NEVER)) || age < 0 || count <= 0) return malformed(key);
        ages[age] = (uint64_t)count;
    }
    return SL_OK;
}

static sl_status decode_counts(const json_t *object, sl_link_counts *counts) {
    const json_t *table = json_object_get(object, "counts");
    for (int i = 0; i < sl_link_count_metrics.n; i++) {
        const sl_metric *m = &sl_link_count_metrics.metrics[i];
        const json_t *value = json_object_get(table, m->name);
        if (!json_is_integer(value) || json_integer_value(value) < 0) return malformed("counts");
        *number_of(counts, m) = (uint64_t)json_integer_value(value);
    }
    return SL_OK;
}

static sl_status decode_episodes(const json_t *object, sl_study_result *self) {
    const json_t *returns = json_object_get(object, "returns");
    const char *won = json_string_value(json_object_get(object, "won"));
    for (int e = 0; e < self->n_episodes; e++) {
        const json_t *value = json_array_get(returns, (size_t)e);
        if (!json_is_number(value) || !isfinite(json_number_value(value))) return malformed("returns");
        self->returns[e] = json_number_value(value);
    }
    if (!won) return SL_OK;
    if (strlen(won) != (size_t)self->n_episodes || strspn(won, "01") != strlen(won)) return malformed("won");
    for (int e = 0; e < self->n_episodes; e++) self->won[e] = won[e] == '1';
    return SL_OK;
}

sl_status sl_study_result_decode(const json_t *object, sl_study_result **out) {
    const json_t *returns = json_object_get(object, "returns");
    size_t n = json_array_size(returns);
    sl_study_result *self = NULL;
    if (n < 1 || n > MAX_EPISODES) return malformed("returns");
    SL_TRY(sl_study_result_create((int)n, json_is_string(json_object_get(object, "won")), &self));
    sl_status status = decode_episodes(object, self);
    if (status == SL_OK) status = decode_real(object, "length", &self->length);
    if (status == SL_OK) status = decode_real(object, "seconds", &self->seconds);
    if (status == SL_OK) status = decode_counts(object, &self->counts);
    if (status == SL_OK) status = decode_ages(object, "observation_ages", self->counts.observation_ages);
    if (status == SL_OK) status = decode_ages(object, "action_ages", self->counts.action_ages);
    if (status != SL_OK)
        sl_study_result_destroy(&self);
    else
        *out = self;
    return status;
}
