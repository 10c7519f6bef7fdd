/* links_choice.c - see links_choice.h. */
#include "starling/run/links_choice.h"

#include "common/alloc.h"
#include "common/nearest.h"
#include "experiment/links_text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PRESETS = 64 };

sl_status sl_links_fail_unknown(const char *flag, const char *name) {
    char hint[128] = "a preset of 'starling links list', a file with a section 'links', or none";
    const char *names[MAX_PRESETS];
    int n = 0;
    for (; n < MAX_PRESETS && sl_links_preset(n); n++) names[n] = sl_links_preset(n)->name;
    const char *near = sl_nearest_name(name, n, names);
    if (near) (void)snprintf(hint, sizeof hint, "did you mean '%s'? 'starling links list' has the presets", near);
    return sl_fail(SL_USAGE, hint, "%s cannot be '%.200s'", flag, name);
}

static sl_status read_words(const char *format, const char *word, sl_links_def *out) {
    char text[160];
    int n = snprintf(text, sizeof text, format, word);
    return sl_experiment_parse_links("--links", text, (size_t)n, out);
}

static bool looks_like_path(const char *name) {
    return strchr(name, '/') || strchr(name, '.');
}

// a line that begins with the file
static sl_status load_file(const char *path, sl_links_def *out) {
    sl_error error;
    sl_status status = sl_experiment_load_links(path, out);
    if (status != SL_CONFIG) return status;
    sl_error_save(&error);
    return sl_fail(status, error.hint[0] ? error.hint : NULL, "--links %.500s", error.what);
}

// the section that the flag names; *out is for sl_links_def_fini
static sl_status read_flag(const char *name, sl_links_def *out) {
    if (strcmp(name, "none") == 0) return read_words("links: {delay: '%s'}", "", out);
    if (sl_links_find_preset(name)) return read_words("links: {preset: '%s'}", name, out);
    if (access(name, F_OK) == 0) return load_file(name, out);
    if (looks_like_path(name))
        return sl_fail(SL_NOT_FOUND, "a preset of 'starling links list', a file with a section 'links', or none",
                       "--links: there is no file '%.200s'", name);
    return sl_links_fail_unknown("--links", name);
}

static sl_status parse_execution(const char *text, sl_execution *out) {
    static const char *const words[] = {[SL_EXECUTION_ONBOARD] = "onboard", [SL_EXECUTION_REMOTE] = "remote"};
    for (int i = 0; i < 2; i++) {
        if (strcmp(text, words[i]) != 0) continue;
        *out = (sl_execution)i;
        return SL_OK;
    }
    return sl_fail(SL_USAGE, "one of onboard, remote", "--execution cannot be '%.60s'", text);
}

// file and key, where the key is all that was said
static sl_status name_flag(sl_status status, const char *name) {
    sl_error error;
    if (status != SL_CONFIG || !name) return status;
    sl_error_save(&error);
    return sl_fail(status, error.hint[0] ? error.hint : NULL, "--links %.200s: %.300s", name, error.what);
}

static sl_status make(const sl_links_choice *choice, const sl_setup *setup, const sl_links_def *def,
                      sl_chosen_links *out) {
    size_t n_bytes = 0;
    sl_setup team = *setup;
    if (choice->hz > 0) team.step_ms = 1000 / choice->hz;
    SL_TRY(name_flag(sl_setup_make_links(&team, def, &out->made), choice->links));
    SL_TRY(sl_experiment_format_links(def, &out->text, &n_bytes));
    if (n_bytes > SL_LEARN_MAX_LINKS)
        return sl_fail(SL_CONFIG, "fewer or shorter rules", "--links: the section is %zu bytes, %d can be sent",
                       n_bytes, SL_LEARN_MAX_LINKS);
    out->links = sl_links_is_none(out->made) ? NULL : out->made;
    return SL_OK;
}

const sl_links *sl_links_own(const sl_setup *setup) {
    return sl_links_is_none(setup->links) ? NULL : setup->links;
}

// without a flag nothing is sent
static const sl_links *own_links(const sl_setup *setup, sl_policy_kind policy) {
    bool trained =
        policy == SL_POLICY_STUDENTS || (policy == SL_POLICY_TEACHER && setup->experiment->links.teaches_stale);
    return trained ? sl_links_own(setup) : NULL;
}

sl_status sl_links_choose(const sl_links_choice *choice, const sl_setup *setup, sl_policy_kind policy,
                          sl_chosen_links *out) {
    sl_chosen_links chosen = {.links = own_links(setup, policy)};
    sl_execution execution = SL_EXECUTION_ONBOARD;
    if (choice->execution) SL_TRY(parse_execution(choice->execution, &execution));
    // another rate makes other links of the same section
    bool is_own = !choice->links && !choice->execution && (choice->hz <= 0 || !chosen.links);
    if (is_own) {
        *out = chosen;
        return SL_OK;
    }
    if (policy != SL_POLICY_TEACHER && policy != SL_POLICY_STUDENTS)
        return sl_fail(SL_USAGE, "leave it out, or evaluate teacher or students",
                       "--%s is for policies with networks", choice->links ? "links" : "execution");
    sl_links_def def = {0};
    const sl_links_def *own = &setup->experiment->links;
    if (choice->links) SL_TRY(read_flag(choice->links, &def));
    // the experiment's are borrowed
    sl_links_def used = choice->links ? def : *own;
    if (choice->links && policy == SL_POLICY_TEACHER) used.execution = SL_EXECUTION_REMOTE;
    if (choice->execution) used.execution = execution;
    sl_status status = make(choice, setup, &used, &chosen);
    if (choice->links) sl_links_def_fini(&def);
    if (status == SL_OK)
        *out = chosen;
    else
        sl_chosen_links_fini(&chosen);
    return status;
}

void sl_chosen_links_fini(sl_chosen_links *self) {
    sl_free(self->text);
    sl_links_destroy(&self->made);
    *self = (sl_chosen_links){0};
}

sl_exp_clock sl_links_clock(const sl_experiment *experiment, const sl_links *links) {
    sl_exp_clock clock = experiment->fleet.clock;
    return links && clock == SL_EXP_LOCKSTEP ? SL_EXP_VIRTUAL : clock;
}

sl_status sl_links_choose_clock(const char *flag, const sl_links *links, sl_exp_clock *out) {
    sl_exp_clock clock = SL_EXP_LOCKSTEP;
    SL_TRY(sl_exp_clock_parse(flag, &clock));
    if (links && clock == SL_EXP_LOCKSTEP)
        return sl_fail(SL_USAGE, "virtual or realtime; or --links none",
                       "--clock cannot be 'lockstep' under links: in lockstep nothing is late");
    *out = clock;
    return SL_OK;
}
