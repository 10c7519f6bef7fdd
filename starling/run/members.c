/* members.c - see members.h. */
#include "starling/run/members.h"

#include "net/endpoint.h"
#include "net/learn_message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOCAL_WAIT_MS = 60000, MOST_SECONDS = SL_WAIT_MOST_MS / 1000, NAMED = 12 };
static const char learn_endpoint[] = "tcp://*:5556";

sl_members sl_members_local(int n_agents) {
    return (sl_members){.n_agents = n_agents, .wait_ms = LOCAL_WAIT_MS};
}

// a slot at *at, which moves behind it
static bool take_slot(const char **at, int n_agents, int *slot) {
    char *end;
    errno = 0;
    long value = strtol(*at, &end, 10);
    if (errno || end == *at || **at < '0' || **at > '9' || value >= n_agents) return false;
    *at = end;
    *slot = (int)value;
    return true;
}

// "0-2,5": those are started here
static bool take_slots(const char *text, int n_agents, bool *comes) {
    const char *at = text;
    for (int i = 0; i < n_agents; i++) comes[i] = true;
    for (;; at++) {
        int first, last;
        if (!take_slot(&at, n_agents, &first)) return false;
        last = first;
        if (*at == '-' && (at++, !take_slot(&at, n_agents, &last))) return false;
        if (last < first) return false;
        for (int i = first; i <= last; i++) comes[i] = false;
        if (!*at) return true;
        if (*at != ',') return false;
    }
}

static sl_status settle_agents(sl_members *self, const sl_exp_fleet *fleet) {
    bool remote = self->agents ? strcmp(self->agents, "remote") == 0
                               : self->remote_coordinator || fleet->agents == SL_EXP_AGENTS_REMOTE;
    for (int i = 0; i < self->n_agents; i++) self->comes[i] = remote;
    bool is_word = !self->agents || remote || strcmp(self->agents, "local") == 0;
    if (!is_word && !take_slots(self->agents, self->n_agents, self->comes)) {
        char hint[96];
        (void)snprintf(hint, sizeof hint, "local, remote, or slots from 0 to %d to start here, such as 0,2 or 0-2",
                       self->n_agents - 1);
        return sl_fail(SL_USAGE, hint, "--agents cannot be '%s'", self->agents);
    }
    for (int i = 0; i < self->n_agents; i++) self->n_remote += self->comes[i];
    if (self->remote_coordinator && self->n_remote < self->n_agents)
        return sl_fail(SL_USAGE, "start them where the coordinator runs: starling agent --connect HOST",
                       "--agents %s needs a coordinator that is started here", self->agents);
    return SL_OK;
}

static sl_status settle_coordinator(sl_members *self) {
    const char *word = self->coordinator ? self->coordinator : "local";
    self->remote_coordinator = strcmp(word, "remote") == 0;
    if (!self->remote_coordinator && strcmp(word, "local") != 0)
        return sl_fail(SL_USAGE, "local or remote", "--coordinator cannot be '%s'", word);
    if (self->remote_coordinator && self->bind)
        return sl_fail(SL_USAGE, "give it to the coordinator, as --fleet ENDPOINT",
                       "--bind is for a coordinator that is started here");
    if (!self->remote_coordinator && self->listen)
        return sl_fail(SL_USAGE, "add --coordinator remote, or leave it out", "--listen is for a remote coordinator");
    if (self->remote_coordinator && !self->listen) self->listen = learn_endpoint;
    SL_TRY(sl_endpoint_check_flag("--bind", self->bind, true));
    return sl_endpoint_check_flag("--listen", self->listen, true);
}

static sl_status settle_wait(sl_members *self) {
    bool comes = self->remote_coordinator || self->n_remote > 0;
    self->wait_ms = comes ? SL_WAIT_FOREVER : LOCAL_WAIT_MS;
    if (!self->wait) return SL_OK;
    if (strcmp(self->wait, "forever") == 0) {
        self->wait_ms = SL_WAIT_FOREVER;
        return SL_OK;
    }
    char *end, hint[96];
    errno = 0;
    long seconds = strtol(self->wait, &end, 10);
    (void)snprintf(hint, sizeof hint, "whole seconds from 1 to %d, or forever", MOST_SECONDS);
    if (errno || end == self->wait || *end || seconds < 1 || seconds > MOST_SECONDS)
        return sl_fail(SL_USAGE, hint, "--wait cannot be '%s'", self->wait);
    self->wait_ms = (int)seconds * 1000;
    return SL_OK;
}

sl_status sl_members_settle(sl_members *self, const sl_exp_fleet *fleet, int n_agents) {
    self->n_agents = n_agents;
    self->n_remote = 0;
    SL_TRY(settle_coordinator(self));
    SL_TRY(settle_agents(self, fleet));
    return settle_wait(self);
}

void sl_members_name_remote(const sl_members *self, char text[SL_MEMBERS_NAMES]) {
    int n = 0, named = 0;
    text[0] = 0;
    for (int i = 0; i < self->n_agents && named < NAMED; i++) {
        if (!self->comes[i]) continue;
        n += snprintf(text + n, (size_t)(SL_MEMBERS_NAMES - n), "%s%d", named ? ", " : "", i);
        named++;
    }
    if (named < self->n_remote)
        (void)snprintf(text + n, (size_t)(SL_MEMBERS_NAMES - n), " and %d more", self->n_remote - named);
}
