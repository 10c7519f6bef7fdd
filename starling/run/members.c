/* members.c - see members.h. */
#include "starling/run/members.h"

#include "common/wait.h"
#include "net/certificate.h"
#include "net/endpoint.h"
#include "net/page_socket.h"
#include "starling/run/spawn.h"

#include <stdio.h>
#include <string.h>

enum { LOCAL_WAIT_MS = 60000, NAMED = 12 };
static const char learn_endpoint[] = "tcp://*:5556";

sl_members sl_members_local(int n_agents) {
    return (sl_members){.n_agents = n_agents, .wait_ms = LOCAL_WAIT_MS};
}

// "0-2,5": those are started here
static bool take_slots(sl_members *self) {
    sl_slot_set set;
    if (self->agents[0] < '0' || self->agents[0] > '9' || sl_slot_set_parse(self->agents, &set) != SL_OK)
        return false;
    for (int i = self->n_agents; i < SL_SLOT_SET; i++)
        if (sl_slot_set_has(&set, i)) return false;
    for (int i = 0; i < self->n_agents; i++) self->comes[i] = !sl_slot_set_has(&set, i);
    return true;
}

static sl_status settle_agents(sl_members *self, const sl_exp_fleet *fleet) {
    bool remote = self->agents ? strcmp(self->agents, "remote") == 0
                               : self->remote_coordinator || fleet->agents == SL_EXP_AGENTS_REMOTE;
    for (int i = 0; i < self->n_agents; i++) self->comes[i] = remote;
    bool is_word = !self->agents || remote || strcmp(self->agents, "local") == 0;
    if (!is_word && !take_slots(self)) {
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

// the programs would refuse it too, but they know nothing of --keys
static sl_status check_reach(const sl_members *self, const sl_exp_fleet *fleet) {
    if (self->keys || self->insecure) return SL_OK;
    const char *flag = "--bind", *endpoint = self->bind;
    if (!endpoint) flag = "key 'fleet.endpoint':", endpoint = fleet->endpoint;
    if (self->remote_coordinator) flag = "--listen", endpoint = self->listen;
    if (!endpoint) return SL_OK;
    // flags were looked at: what the experiment says may be no endpoint at all
    if (sl_endpoint_check(endpoint, true) != SL_OK)
        return sl_fail(SL_CONFIG, sl_error_hint(), "%s %s", flag, sl_error_what());
    if (sl_endpoint_is_loopback(endpoint)) return SL_OK;
    bool is_key = endpoint == fleet->endpoint;
    return sl_fail(is_key ? SL_CONFIG : SL_USAGE,
                   "give --keys DIR ('starling keys new DIR --agents N' makes it), or --insecure",
                   "%s %s reaches beyond this machine, where links need keys", flag, endpoint);
}

static sl_status settle_wait(sl_members *self) {
    bool comes = self->remote_coordinator || self->n_remote > 0;
    self->wait_ms = comes ? SL_WAIT_FOREVER : LOCAL_WAIT_MS;
    return self->wait ? sl_wait_parse("--wait", self->wait, &self->wait_ms) : SL_OK;
}

sl_status sl_members_settle(sl_members *self, const sl_exp_fleet *fleet, int n_agents) {
    self->n_agents = n_agents;
    self->n_remote = 0;
    if (self->keys && self->insecure)
        return sl_fail(SL_USAGE, "leave one of them out", "--keys and --insecure do not go together");
    char program[SL_PATH_BYTES];
    if (self->announces && sl_program_find(SL_ANNOUNCER, program) != SL_OK)
        return sl_fail(SL_NOT_FOUND, "install avahi-utils, or leave --announce out", "there is no " SL_ANNOUNCER);
    char page[SL_ENDPOINT_BYTES];
    if (self->metrics) SL_TRY(sl_page_endpoint(self->metrics, true, page));
    SL_TRY(settle_coordinator(self));
    if (self->announces && self->remote_coordinator)
        return sl_fail(SL_USAGE, "leave it out", "--announce is for a coordinator that is started here");
    SL_TRY(settle_agents(self, fleet));
    SL_TRY(check_reach(self, fleet));
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
