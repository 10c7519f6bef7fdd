/* links_text.c - see links_text.h. The keys are those of an experiment, so one is made around them. */
#include "experiment/links_text.h"

#include "common/alloc.h"
#include "experiment/impl.h"

#include <string.h>

static sl_status no_memory(const char *what) {
    return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", what);
}

static sl_status fill_links(const char *what, const sl_exp_raw *raw, sl_experiment *self) {
    const sl_exp_table *top = sl_exp_top();
    SL_TRY(sl_exp_fields_default(top, self));
    SL_TRY(sl_exp_fields_read(what, "", "links.", top, raw, self));
    return sl_exp_settle_traces(what, &self->links);
}

static sl_status need_section(const char *what, const char *text, size_t n_bytes) {
    bool has_it = false;
    SL_TRY(sl_exp_has_section(what, text, n_bytes, "links", &has_it));
    if (has_it) return SL_OK;
    return sl_fail(SL_CONFIG, "as in links: {delay: fixed 3 steps}; links: {} for none", "%s: has no section 'links'",
                   what);
}

sl_status sl_experiment_parse_links(const char *what, const char *text, size_t n_bytes, sl_links_def *out) {
    sl_exp_raw *raw = NULL;
    SL_TRY(sl_exp_raw_read(what, text, n_bytes, &raw));
    sl_experiment *self = sl_alloc(sizeof *self);
    sl_status status = self ? need_section(what, text, n_bytes) : no_memory(what);
    if (status == SL_OK) status = fill_links(what, raw, self);
    sl_exp_raw_free(raw);
    if (status == SL_OK) {
        *out = self->links;
        self->links = (sl_links_def){0};
    }
    sl_experiment_destroy(&self);
    return status;
}

sl_status sl_experiment_load_links(const char *path, sl_links_def *out) {
    char *text = NULL;
    size_t n_bytes = 0;
    SL_TRY(sl_exp_read_file(path, &text, &n_bytes));
    sl_status status = sl_experiment_parse_links(path, text, n_bytes, out);
    sl_free(text);
    return status;
}

sl_status sl_experiment_format_links(const sl_links_def *def, char **text, size_t *n_bytes) {
    sl_experiment *defaults = sl_alloc(sizeof *defaults);
    if (!defaults) return no_memory("the links");
    sl_status status = sl_exp_fields_default(sl_exp_top(), defaults);
    sl_links_def own = defaults->links;
    if (status == SL_OK) {
        defaults->links = *def;
        status = sl_exp_format(defaults, SL_EXP_LINKS, text, n_bytes);
        defaults->links = own;
    }
    sl_experiment_destroy(&defaults);
    return status;
}
