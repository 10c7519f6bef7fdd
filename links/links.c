/* links.c - from the section of an experiment to the channels of a team. See links.h. Channels are shared: agents and
 * blocks that the same words hold for have the same definition. */
#include "links/links.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "links/reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { IS_SENSED = SL_LINKS_MAX_RULES, N_WORDS = SL_LINKS_MAX_RULES + 1 };

typedef struct builder {
    const sl_links_def *def;
    const sl_links_team *team;
    sl_links *out;
    uint64_t *masks; /* of each channel: the rules that made it, and IS_SENSED's bit */
    int capacity;
    char where[32]; /* "links.rules[63]" */
} builder;

static const char *name_rule(builder *self, unsigned r) {
    (void)snprintf(self->where, sizeof self->where, "links.rules[%u]", r);
    return self->where;
}

// a word of blocks names it
static bool names_block(const char *blocks, const char *name) {
    sl_reader reader = sl_reader_of("", "", blocks);
    const char *word;
    for (size_t n; (n = sl_reader_word(&reader, &word)) > 0;)
        if (sl_word_is(word, n, name)) return true;
    return false;
}

static bool names_agent(const char *agents, int i) {
    sl_reader reader = sl_reader_of("", "", agents);
    const char *word;
    int begin, end, n_words = 0;
    for (size_t n; (n = sl_reader_word(&reader, &word)) > 0; n_words++)
        if (sl_word_range(word, n, &begin, &end) && i >= begin && i <= end) return true;
    return n_words == 0;
}

static bool is_empty(const char *text) {
    return !text || !text[strspn(text, " ")];
}

static sl_status check_agents(const builder *self, const sl_link_rule *rule) {
    sl_reader reader = sl_reader_of(self->where, "agents", rule->agents);
    const char *word;
    char hint[80];
    (void)snprintf(hint, sizeof hint, "the team has agents 0 to %d; write '0 2..4', both among them",
                   self->team->n_agents - 1);
    for (size_t n; (n = sl_reader_word(&reader, &word)) > 0;) {
        int begin, end;
        if (!sl_word_range(word, n, &begin, &end)) return sl_reader_refuse(&reader, hint, "one word is no agent");
        if (end < begin) return sl_reader_refuse(&reader, hint, "a range ends before it starts");
        if (end >= self->team->n_agents) return sl_reader_refuse(&reader, hint, "the team has no such agent");
    }
    return SL_OK;
}

// the word's block is one of an agent whom the rule is for
static bool has_block(const builder *self, const sl_link_rule *rule, const char *word, size_t n) {
    for (int i = 0; i < self->team->n_agents; i++) {
        const sl_links_agent *agent = &self->team->agents[i];
        if (!names_agent(rule->agents, i)) continue;
        for (int b = 0; b < agent->n_blocks; b++)
            if (sl_word_is(word, n, agent->blocks[b].name)) return true;
    }
    return false;
}

// "there are own, ally (told)": all of those whom the rule is for
static void list_blocks(const builder *self, const sl_link_rule *rule, char *text, size_t n_bytes) {
    enum { MAX_LISTED = 16 };
    const char *listed[MAX_LISTED];
    int n = 0;
    (void)snprintf(text, n_bytes, "there are");
    for (int i = 0; i < self->team->n_agents; i++) {
        const sl_links_agent *agent = &self->team->agents[i];
        for (int b = 0; b < agent->n_blocks && n < MAX_LISTED && names_agent(rule->agents, i); b++) {
            int k = 0;
            while (k < n && strcmp(listed[k], agent->blocks[b].name) != 0) k++;
            if (k < n) continue;
            size_t at = strlen(text);
            (void)snprintf(text + at, n_bytes - at, "%s %s%s", n > 0 ? "," : "", agent->blocks[b].name,
                           agent->blocks[b].is_told ? " (told)" : "");
            listed[n++] = agent->blocks[b].name;
        }
    }
}

static sl_status check_blocks(const builder *self, const sl_link_rule *rule) {
    sl_reader reader = sl_reader_of(self->where, "blocks", rule->blocks);
    if (is_empty(rule->blocks)) return SL_OK;
    if (self->def->execution == SL_EXECUTION_REMOTE)
        return sl_reader_refuse(&reader, "leave blocks out, or execute onboard: links.execution, or --execution",
                                "remote agents get whole observations");
    if (rule->direction == SL_DIRECTION_ACTION)
        return sl_reader_refuse(&reader, "choose direction: observation", "actions have no blocks");
    const char *word;
    for (size_t n; (n = sl_reader_word(&reader, &word)) > 0;) {
        if (has_block(self, rule, word, n)) continue;
        char hint[240];
        list_blocks(self, rule, hint, sizeof hint);
        return sl_reader_refuse(&reader, hint, "an agent has no such block");
    }
    return SL_OK;
}

// words that set a delay: it has a length in steps, and not all of it is beyond the episode
static sl_status check_delay(const builder *self, const char *where, const sl_link_words *words,
                             const sl_channel_def *def) {
    const char *text = !is_empty(words->delay) ? words->delay : words->preset;
    const sl_links_team *team = self->team;
    if (is_empty(text)) return SL_OK;
    sl_reader reader = sl_reader_of(where, is_empty(words->delay) ? "preset" : "delay", text);
    // nothing late in milliseconds is nothing late
    bool is_zero = def->delay.kind == SL_DELAY_FIXED && def->delay.a == 0.0;
    if (!def->delay.in_steps && !is_zero && !(team->step_ms > 0.0))
        return sl_reader_refuse(&reader, "write steps instead of ms, or set fleet.hz",
                                "a step of this environment has no length");
    double unit = def->delay.in_steps || is_zero ? 1.0 : team->step_ms;
    int most = team->max_steps < SL_LINKS_HORIZON ? team->max_steps : SL_LINKS_HORIZON;
    if (sl_delay_percentile(&def->delay, 0.001) / unit < most) return SL_OK;
    char hint[120];
    (void)snprintf(hint, sizeof hint, "the episode has %d steps of %g ms; delays below %d steps arrive",
                   team->max_steps, team->step_ms, most);
    return sl_reader_refuse(&reader, hint, "always longer than the episode");
}

// takes words over what stands in def, and checks its delay
static sl_status refine(const builder *self, const char *where, const sl_link_words *words, sl_channel_def *def) {
    sl_channel_def refined;
    SL_TRY(sl_channel_parse(where, words, def, &refined));
    sl_channel_def_fini(def);
    *def = refined;
    return check_delay(self, where, words, def);
}

// the channel of whatever these rules hold for: a definition that is there, or one more
static sl_status find_channel(builder *self, uint64_t mask, int *channel) {
    sl_links *links = self->out;
    for (*channel = 0; *channel < links->n_channels; ++*channel)
        if (self->masks[*channel] == mask) return SL_OK;
    SL_ASSERT(links->n_channels < self->capacity);
    sl_channel_def def = {0};
    sl_status status = SL_OK;
    if (!(mask & 1ull << IS_SENSED)) status = refine(self, "links", &self->def->words, &def);
    for (unsigned r = 0; r < self->def->n_rules && status == SL_OK; r++)
        if (mask & 1ull << r) status = refine(self, name_rule(self, r), &self->def->rules[r].words, &def);
    if (status != SL_OK) {
        sl_channel_def_fini(&def);
        return status;
    }
    self->masks[links->n_channels] = mask;
    links->channels[links->n_channels++] = def;
    return SL_OK;
}

static uint64_t rules_of(const builder *self, int i, sl_direction direction, const sl_links_block *block) {
    uint64_t mask = block && !block->is_told ? 1ull << IS_SENSED : 0;
    for (unsigned r = 0; r < self->def->n_rules; r++) {
        const sl_link_rule *rule = &self->def->rules[r];
        if (rule->direction != SL_DIRECTION_BOTH && rule->direction != direction) continue;
        if (!names_agent(rule->agents, i)) continue;
        bool names_all = is_empty(rule->blocks) && (!block || block->is_told);
        if (names_all || (block && names_block(rule->blocks, block->name))) mask |= 1ull << r;
    }
    return mask;
}

static sl_status link_blocks(builder *self, int i) {
    const sl_links_agent *agent = &self->team->agents[i];
    sl_linked_agent *out = &self->out->agents[i];
    out->blocks = sl_alloc_array((size_t)agent->n_blocks + 1, sizeof *out->blocks);
    if (!out->blocks) return sl_fail(SL_MEMORY, NULL, "no memory for links");
    for (int b = 0, n_told = 0; b < agent->n_blocks; b++) {
        const sl_links_block *block = &agent->blocks[b];
        uint64_t mask = rules_of(self, i, SL_DIRECTION_OBSERVATION, block);
        int age = block->is_told ? n_told++ : -1;
        if (mask == 1ull << IS_SENSED) continue;
        sl_linked_block linked = {.begin = block->begin, .len = block->len, .age = age, .place = b};
        SL_TRY(find_channel(self, mask, &linked.channel));
        out->blocks[out->n_blocks++] = linked;
    }
    return SL_OK;
}

static sl_status link_agent(builder *self, int i) {
    const sl_links_agent *agent = &self->team->agents[i];
    sl_linked_agent *out = &self->out->agents[i];
    out->obs_dim = agent->obs_dim;
    for (int b = 0; b < agent->n_blocks; b++) out->n_told += agent->blocks[b].is_told;
    if (self->def->execution == SL_EXECUTION_ONBOARD) return link_blocks(self, i);
    SL_TRY(find_channel(self, rules_of(self, i, SL_DIRECTION_OBSERVATION, NULL), &out->observation));
    return find_channel(self, rules_of(self, i, SL_DIRECTION_ACTION, NULL), &out->action);
}

// every rule is read, also one that holds for nobody; and the section, also of a team without told blocks
static sl_status check_words(builder *self) {
    const sl_links_def *def = self->def;
    if (def->n_rules > SL_LINKS_MAX_RULES)
        return sl_fail(SL_CONFIG, "join rules that say the same", "key 'links.rules': %u rules, more than %d",
                       def->n_rules, SL_LINKS_MAX_RULES);
    sl_channel_def channel = {0};
    sl_status status = refine(self, "links", &def->words, &channel);
    for (unsigned r = 0; r < def->n_rules && status == SL_OK; r++) {
        (void)name_rule(self, r);
        status = check_agents(self, &def->rules[r]);
        if (status == SL_OK) status = check_blocks(self, &def->rules[r]);
        sl_channel_def_fini(&channel);
        if (status == SL_OK) status = refine(self, name_rule(self, r), &def->rules[r].words, &channel);
    }
    sl_channel_def_fini(&channel);
    return status;
}

static void append(char text[SL_LINKS_TEXT], const char *format, const char *what) {
    size_t n = strlen(text);
    if (n > 0 && n + 2 < SL_LINKS_TEXT) {
        memcpy(text + n, ", ", 3);
        n += 2;
    }
    (void)snprintf(text + n, SL_LINKS_TEXT - n, format, what);
}

static void write_text(const sl_links_def *def, char text[SL_LINKS_TEXT]) {
    const sl_link_words *w = &def->words;
    char number[32];
    if (!is_empty(w->preset)) append(text, "%s", w->preset);
    if (!is_empty(w->delay)) append(text, "%s", w->delay);
    if (!is_empty(w->loss)) append(text, "loss %s", w->loss);
    if (w->duplicate > 0.0) {
        (void)snprintf(number, sizeof number, "%g", w->duplicate);
        append(text, "duplicate %s", number);
    }
    if (!is_empty(w->order)) append(text, "%s", w->order);
    if (w->rate > 0.0) {
        (void)snprintf(number, sizeof number, "%g", w->rate);
        append(text, "rate %s", number);
    }
    if (!is_empty(w->outages)) append(text, "outages %s", w->outages);
    if (def->n_rules > 0) {
        (void)snprintf(number, sizeof number, "%u rule%s", def->n_rules, def->n_rules == 1 ? "" : "s");
        append(text, "%s", number);
    }
}

static sl_status build(builder *self) {
    SL_TRY(check_words(self));
    sl_links *out = self->out;
    // a channel for each block or direction at most, fewer where rules are few
    int n = 0;
    for (int i = 0; i < out->N; i++) n += self->team->agents[i].n_blocks + 2;
    self->capacity = n;
    out->agents = sl_alloc_array((size_t)out->N, sizeof *out->agents);
    out->channels = sl_alloc_array((size_t)n, sizeof *out->channels);
    self->masks = sl_alloc_array((size_t)n, sizeof *self->masks);
    if (!out->agents || !out->channels || !self->masks) return sl_fail(SL_MEMORY, NULL, "no memory for links");
    for (int i = 0; i < out->N; i++) SL_TRY(link_agent(self, i));
    write_text(self->def, out->text);
    if (sl_links_is_none(out)) (void)snprintf(out->text, sizeof out->text, "none");
    return SL_OK;
}

sl_status sl_links_create(const sl_links_def *def, const sl_links_team *team, sl_links **out) {
    SL_ASSERT(team->n_agents > 0 && team->max_steps > 0);
    sl_links *links = sl_alloc(sizeof *links);
    if (!links) return sl_fail(SL_MEMORY, NULL, "no memory for links");
    links->execution = def->execution;
    links->fallback = def->fallback;
    links->N = team->n_agents;
    links->O = team->obs_dim;
    links->A = team->n_actions;
    links->max_steps = team->max_steps;
    links->step_ms = team->step_ms;
    builder self = {.def = def, .team = team, .out = links};
    sl_status status = build(&self);
    sl_free(self.masks);
    if (status != SL_OK) {
        sl_links_destroy(&links);
        return status;
    }
    *out = links;
    return SL_OK;
}

void sl_links_destroy(sl_links **self) {
    if (!*self) return;
    for (int i = 0; (*self)->agents && i < (*self)->N; i++) sl_free((*self)->agents[i].blocks);
    for (int c = 0; c < (*self)->n_channels; c++) sl_channel_def_fini(&(*self)->channels[c]);
    sl_free((*self)->agents);
    sl_free((*self)->channels);
    sl_free(*self);
    *self = NULL;
}

bool sl_links_is_none(const sl_links *self) {
    for (int c = 0; c < self->n_channels; c++)
        if (!sl_channel_is_ideal(&self->channels[c])) return false;
    return true;
}

static void free_words(sl_link_words *words) {
    sl_free(words->preset);
    sl_free(words->delay);
    sl_free(words->loss);
    sl_free(words->order);
    sl_free(words->outages);
}

void sl_links_def_fini(sl_links_def *def) {
    free_words(&def->words);
    for (unsigned r = 0; r < def->n_rules; r++) {
        free_words(&def->rules[r].words);
        sl_free(def->rules[r].agents);
        sl_free(def->rules[r].blocks);
    }
    sl_free(def->rules);
    *def = (sl_links_def){0};
}
