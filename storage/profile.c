/* profile.c - see profile.h. The fields and their ranges stand in one table that both directions walk. */
#include "storage/profile.h"

#include "common/assert.h"
#include "common/utf8.h"
#include "storage/tensors_digest.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "1"

typedef enum kind { TEXT, INT, BOOL, DOUBLE, I64, U64 } kind;

typedef struct field {
    const char *key;
    kind kind;
    size_t offset, size; /* size: of the array, for TEXT */
    double low, high;    /* for numbers */
    const char *choices; /* for TEXT, separated by spaces; NULL: anything plain */
    bool may_be_empty;
    const char *absent; /* the value where older files have none; NULL: it must be there */
} field;

#define AT(member) .offset = offsetof(sl_profile, member), .size = sizeof((sl_profile *)0)->member
#define NUMBER(member, k, from, to)                                                                                  \
    { #member, k, AT(member), .low = (from), .high = (to) }
#define WORD(member, list)                                                                                           \
    { #member, TEXT, AT(member), .choices = (list) }
#define NOTE(member)                                                                                                 \
    { #member, TEXT, AT(member), .may_be_empty = true }

static const field fields[] = {
    WORD(kind, "student teacher"),
    WORD(env, NULL),
    NOTE(env_options),
    NUMBER(agent, INT, -1, 63),
    NUMBER(n_agents, INT, 1, 64),
    WORD(role, NULL),
    NUMBER(obs_dim, INT, 1, 65536),
    NUMBER(n_actions, INT, 1, 4096),
    NUMBER(in_dim, INT, 1, 65536 + 64),
    NUMBER(agent_id, BOOL, 0, 1),
    WORD(cell, "none gru"),
    WORD(activation, "relu tanh"),
    NUMBER(hidden, INT, 1, 1024),
    NUMBER(layers, INT, 1, 4),
    NUMBER(layer_norm, BOOL, 0, 1),
    WORD(mask, NULL),
    NUMBER(flops, DOUBLE, 0, 1e18),
    NUMBER(n_bytes, I64, 0, 1e12),
    NOTE(run),
    NUMBER(seed, U64, 0, 0),
    NUMBER(kat_tolerance, DOUBLE, 0, 1),
    {"arithmetic", INT, AT(arithmetic), .low = 1, .high = 1000, .absent = "1"},
};
enum { N_FIELDS = sizeof fields / sizeof fields[0] };

static void format_field(const field *f, const void *at, char *text, size_t size) {
    int n = 0;
    switch (f->kind) {
    case TEXT:
        n = snprintf(text, size, "%s", (const char *)at);
        break;
    case INT:
        n = snprintf(text, size, "%d", *(const int *)at);
        break;
    case BOOL:
        n = snprintf(text, size, "%s", *(const bool *)at ? "true" : "false");
        break;
    case DOUBLE:
        n = snprintf(text, size, "%.17g", *(const double *)at);
        break;
    case I64:
        n = snprintf(text, size, "%" PRId64, *(const int64_t *)at);
        break;
    case U64:
        n = snprintf(text, size, "%" PRIu64, *(const uint64_t *)at);
        break;
    }
    SL_ASSERT(n >= 0 && (size_t)n < size);
}

// "self_vel:0:2 self_pos:2:2"
static void format_blocks(const sl_profile *self, char *text, size_t size) {
    size_t at = 0;
    text[0] = '\0';
    for (int i = 0; i < self->n_blocks; i++) {
        SL_ASSERT(self->blocks[i].len > 0);
        int n = snprintf(text + at, size - at, "%s%s:%d:%d", i ? " " : "", self->blocks[i].name,
                         self->blocks[i].begin, self->blocks[i].len);
        SL_ASSERT(n > 0 && (size_t)n < size - at);
        at += (size_t)n;
    }
}

sl_status sl_profile_write(const sl_profile *self, sl_tensors *file) {
    char text[SL_PROFILE_BLOCKS * 64];
    SL_ASSERT(self->n_blocks >= 0 && self->n_blocks <= SL_PROFILE_BLOCKS);
    SL_TRY(sl_tensors_set_meta(file, "format", FORMAT));
    for (int i = 0; i < N_FIELDS; i++) {
        format_field(&fields[i], (const char *)self + fields[i].offset, text, sizeof text);
        SL_TRY(sl_tensors_set_meta(file, fields[i].key, text));
    }
    format_blocks(self, text, sizeof text);
    return sl_tensors_set_meta(file, "blocks", text);
}

static sl_status bad(const char *what, const char *key, const char *text) {
    if (!text[0]) return sl_fail(SL_CORRUPT, NULL, "%s: profile field '%s' is empty", what, key);
    return sl_fail(SL_CORRUPT, NULL, "%s: profile field '%s' is unreadable: '%.40s'", what, key, text);
}

static bool is_choice(const char *choices, const char *text) {
    size_t length = strlen(text);
    for (const char *at = choices; *at; at += strcspn(at, " "), at += *at == ' ') {
        if (strcspn(at, " ") == length && memcmp(at, text, length) == 0) return true;
    }
    return false;
}

// numbers start with a digit or a minus: strtoX would also skip spaces and take "+", "nan" and "0x"
static bool looks_like_number(const char *text) {
    return text[0] && strspn(text, "-+.0123456789e") == strlen(text) && strchr("-0123456789", text[0]);
}

static bool read_whole(const char *text, double low, double high, int64_t *out) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || *end || (double)value < low || (double)value > high) return false;
    *out = value;
    return true;
}

static bool read_double(const char *text, double low, double high, double *out) {
    char *end;
    double value = strtod(text, &end);
    if (*end || value < low || value > high) return false;
    *out = value;
    return true;
}

static bool read_u64(const char *text, uint64_t *out) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end || text[0] == '-') return false;
    *out = value;
    return true;
}

static bool read_value(const field *f, const char *text, void *at) {
    int64_t whole;
    size_t length = strlen(text);
    if (f->kind == TEXT) {
        if (length >= f->size || (length == 0 && !f->may_be_empty) || !sl_utf8_is_plain(text)) return false;
        if (f->choices && !is_choice(f->choices, text)) return false;
        memcpy(at, text, length + 1);
        return true;
    }
    if (f->kind == BOOL) {
        *(bool *)at = strcmp(text, "true") == 0;
        return *(bool *)at || strcmp(text, "false") == 0;
    }
    if (!looks_like_number(text)) return false;
    if (f->kind == DOUBLE) return read_double(text, f->low, f->high, at);
    if (f->kind == U64) return read_u64(text, at);
    if (!read_whole(text, f->low, f->high, &whole)) return false;
    if (f->kind == INT)
        *(int *)at = (int)whole;
    else
        *(int64_t *)at = whole;
    return true;
}

// one "name:begin:len"; returns the first byte after it, or NULL
static const char *read_block(const char *at, int obs_dim, sl_profile *out) {
    char begin[12], len[12];
    int64_t begin_value, len_value;
    int used = 0;
    if (out->n_blocks == SL_PROFILE_BLOCKS) return NULL;
    char *name = out->blocks[out->n_blocks].name;
    if (sscanf(at, "%31[^: ]:%11[0-9]:%11[0-9]%n", name, begin, len, &used) != 3) return NULL;
    if (!sl_utf8_is_plain(name)) return NULL;
    if (!read_whole(begin, 0, obs_dim, &begin_value) || !read_whole(len, 1, obs_dim, &len_value)) return NULL;
    if (begin_value + len_value > obs_dim) return NULL;
    out->blocks[out->n_blocks].begin = (int)begin_value;
    out->blocks[out->n_blocks].len = (int)len_value;
    out->n_blocks++;
    return at + used;
}

static bool read_blocks(const char *text, sl_profile *out) {
    for (const char *at = text; *at;) {
        at = read_block(at, out->obs_dim, out);
        if (!at || (*at && *at++ != ' ')) return false;
    }
    return out->n_blocks > 0;
}

static sl_status check_together(const char *what, const sl_profile *self) {
    if (self->in_dim != self->obs_dim + (self->agent_id ? self->n_agents : 0)) {
        return sl_fail(SL_CORRUPT, NULL, "%s: profile says %d inputs for %d observed features%s", what, self->in_dim,
                       self->obs_dim, self->agent_id ? " and the agent id" : "");
    }
    if (self->agent >= self->n_agents) {
        return sl_fail(SL_CORRUPT, NULL, "%s: profile says agent %d of %d", what, self->agent, self->n_agents);
    }
    return SL_OK;
}

#define DIGEST "digest"

sl_status sl_profile_seal(sl_tensors *file) {
    char text[65];
    SL_TRY(sl_tensors_digest(file, DIGEST, text));
    return sl_tensors_set_meta(file, DIGEST, text);
}

static sl_status check_digest(const char *what, const sl_tensors *file) {
    char text[65];
    const char *stated = sl_tensors_meta(file, DIGEST);
    if (!stated) return SL_OK;
    SL_TRY(sl_tensors_digest(file, DIGEST, text));
    if (strcmp(stated, text) == 0) return SL_OK;
    return sl_fail(SL_CORRUPT, "it was changed after it was written", "%s has a wrong digest", what);
}

static sl_status check_format(const char *what, const sl_tensors *file) {
    const char *format = sl_tensors_meta(file, "format");
    if (!format) {
        return sl_fail(SL_CORRUPT, "a policy file is one that 'starling train' wrote", "%s has no profile", what);
    }
    if (strcmp(format, FORMAT) != 0) {
        return sl_fail(SL_MISMATCH, "this program reads format " FORMAT, "%s has profile format '%.16s'", what,
                       format);
    }
    return SL_OK;
}

sl_status sl_profile_read(const char *what, const sl_tensors *file, sl_profile *out) {
    sl_profile profile = {0};
    SL_TRY(check_format(what, file));
    SL_TRY(check_digest(what, file));
    for (int i = 0; i < N_FIELDS; i++) {
        const char *text = sl_tensors_meta(file, fields[i].key);
        if (!text) text = fields[i].absent;
        if (!text) return sl_fail(SL_CORRUPT, NULL, "%s: profile field '%s' is missing", what, fields[i].key);
        if (!read_value(&fields[i], text, (char *)&profile + fields[i].offset)) return bad(what, fields[i].key, text);
    }
    const char *blocks = sl_tensors_meta(file, "blocks");
    if (!blocks) return sl_fail(SL_CORRUPT, NULL, "%s: profile field 'blocks' is missing", what);
    if (!read_blocks(blocks, &profile)) return bad(what, "blocks", blocks);
    SL_TRY(check_together(what, &profile));
    *out = profile;
    return SL_OK;
}

double sl_profile_tolerance(const sl_profile *self, int arithmetic, int64_t n, const float *expected) {
    if (self->arithmetic == arithmetic) return self->kat_tolerance;
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        if (fabs((double)expected[i]) > largest) largest = fabs((double)expected[i]);
    double tolerance = 1e-5 * largest;
    return tolerance > self->kat_tolerance ? tolerance : self->kat_tolerance;
}

bool sl_profile_is_answer(int64_t n, const float *logits, const float *expected, double tolerance) {
    if (tolerance <= 0.0) return memcmp(logits, expected, (size_t)n * sizeof *logits) == 0;
    for (int64_t i = 0; i < n; i++)
        if (!(fabs((double)logits[i] - (double)expected[i]) <= tolerance)) return false;
    return true;
}
