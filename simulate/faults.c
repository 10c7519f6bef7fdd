/* faults.c - see faults.h. */
#include "simulate/faults.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 200 };

#define KEY(member, fallback, min, max, help)                                                                        \
    { #member, help, fallback, min, max, offsetof(sl_faults, member) }
static const sl_fault_key keys[] = {
    KEY(seconds, 12, 0, 3600, "virtual seconds in which things go wrong"),
    KEY(drop, 0.3, 0, 0.9, "probability that a message is lost"),
    KEY(duplicate, 0.3, 0, 0.9, "probability that a message comes twice"),
    KEY(delay_ms, 80, 0.01, 10000, "longest delay of a message"),
    KEY(overtake, 0.5, 0, 1, "probability that a seed's messages may overtake one another"),
    KEY(agent_crash, 0.4, 0, 20, "agents killed a second, their connections closed"),
    KEY(host_loss, 0.1, 0, 20, "agents a second whose host is gone, their connections open"),
    KEY(agent_leave, 0.1, 0, 20, "agents a second that say goodbye"),
    KEY(restart_ms, 8000, 0, 600000, "longest time until a successor starts"),
    KEY(coordinator_crash, 0.1, 0, 20, "coordinators killed, or ended with a goodbye, a second"),
    KEY(coordinator_restart_ms, 4000, 0, 600000, "longest time until the next coordinator starts"),
    KEY(agent_pause, 0.3, 0, 20, "agents stopped for a while, a second"),
    KEY(coordinator_pause, 0.1, 0, 20, "stops of the coordinator, a second"),
    KEY(pause_ms, 30000, 1, 600000, "longest stop"),
    KEY(slow, 0.3, 0, 1, "probability that an agent is slow"),
    KEY(think_ms, 400, 0, 60000, "longest time that a slow agent takes for a decision"),
    KEY(partition, 0.3, 0, 20, "partitions a second: of one agent, some, or all"),
    KEY(partition_ms, 20000, 1, 600000, "longest partition"),
    KEY(replay, 6, 0, 1000, "recorded messages said again a second, by a stranger or on the old connection"),
    KEY(forge, 6, 0, 1000, "recorded messages a second that are said again with something changed"),
    KEY(malformed, 3, 0, 1000, "cut, mixed or mutated messages a second"),
    KEY(twin, 0.2, 0, 20, "agents a second that come for a slot which is held"),
    KEY(stranger, 2, 0, 1000, "HELLOs a second of strangers, some with a copied run id"),
    KEY(keys, 0.25, 0, 1, "probability that a seed's links have keys"),
};
enum { N_KEYS = sizeof keys / sizeof *keys };

const sl_fault_key *sl_fault_key_at(int index) {
    return index >= 0 && index < N_KEYS ? &keys[index] : NULL;
}

static double *member(sl_faults *self, const sl_fault_key *key) {
    return (double *)(void *)((char *)self + key->offset);
}

double sl_fault_value(const sl_faults *self, const sl_fault_key *key) {
    double value;
    memcpy(&value, (const char *)self + key->offset, sizeof value);
    return value;
}

sl_faults sl_faults_default(void) {
    sl_faults made;
    for (int i = 0; i < N_KEYS; i++) *member(&made, &keys[i]) = keys[i].fallback;
    return made;
}

sl_faults sl_faults_none(void) {
    sl_faults made;
    for (int i = 0; i < N_KEYS; i++) *member(&made, &keys[i]) = keys[i].min;
    made.delay_ms = 0.1;
    return made;
}

// how many edits lie between two words
static int distance(const char *a, const char *b) {
    int row[64], n = (int)strlen(b);
    if (n >= 64) return 99;
    for (int j = 0; j <= n; j++) row[j] = j;
    for (int i = 1; a[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

static sl_status refuse_key(const char *path, int line, const char *name) {
    char hint[120];
    int nearest = 0;
    for (int i = 1; i < N_KEYS; i++)
        if (distance(name, keys[i].name) < distance(name, keys[nearest].name)) nearest = i;
    bool is_near = distance(name, keys[nearest].name) <= 3;
    (void)snprintf(hint, sizeof hint, is_near ? "did you mean '%s'?" : "'starling simulate --help' lists the keys",
                   keys[nearest].name);
    return sl_fail(SL_CONFIG, hint, "%s:%d: there is no key '%.40s'", path, line, name);
}

static sl_status take_line(const char *path, int line, char *text, bool *is_given, sl_faults *out) {
    char name[LINE_BYTES], extra = 0;
    char *comment = strchr(text, '#');
    if (comment) *comment = '\0';
    if (text[strspn(text, " \t\r")] == '\0') return SL_OK;
    char word[LINE_BYTES];
    if (sscanf(text, " %[A-Za-z0-9_] : %s %c", name, word, &extra) != 2)
        return sl_fail(SL_CONFIG, "such as 'drop: 0.1'", "%s:%d: this is no line 'key: value'", path, line);
    int i = 0;
    while (i < N_KEYS && strcmp(keys[i].name, name) != 0) i++;
    if (i == N_KEYS) return refuse_key(path, line, name);
    if (is_given[i])
        return sl_fail(SL_CONFIG, "keep one of them", "%s:%d: key '%s' stands there twice", path, line, name);
    is_given[i] = true;
    char *end = NULL;
    double value = strtod(word, &end);
    if (*end || !isfinite(value) || value < keys[i].min || value > keys[i].max)
        return sl_fail(SL_CONFIG, keys[i].help, "%s:%d: key '%s' cannot be '%.30s': it is from %g to %g", path, line,
                       name, word, keys[i].min, keys[i].max);
    *member(out, &keys[i]) = value;
    return SL_OK;
}

sl_status sl_faults_parse(const char *path, const char *text, size_t n_bytes, sl_faults *out) {
    sl_faults made = sl_faults_default();
    bool is_given[N_KEYS] = {false};
    size_t at = 0;
    for (int line = 1; at < n_bytes; line++) {
        const char *end = memchr(text + at, '\n', n_bytes - at);
        size_t n = end ? (size_t)(end - text) - at : n_bytes - at;
        char copy[LINE_BYTES];
        if (n >= sizeof copy || memchr(text + at, 0, n))
            return sl_fail(SL_CONFIG, "such as 'drop: 0.1'", "%s:%d: this is no line 'key: value'", path, line);
        memcpy(copy, text + at, n);
        copy[n] = '\0';
        SL_TRY(take_line(path, line, copy, is_given, &made));
        at += n + 1;
    }
    *out = made;
    return SL_OK;
}
