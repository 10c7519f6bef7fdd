/* fuzz_links.c - the section of links that a request carries: its YAML, and then the words of delay, loss, outages
 * and rules for a team. What was taken is written, read again and means the same. */
#include "common/alloc.h"
#include "experiment/links_text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static sl_status mean(const sl_links_def *def, sl_links **out) {
    static const sl_links_block blocks[] = {{"own", 0, 4, false}, {"ally", 4, 3, true}, {"comm", 7, 1, true}};
    static const sl_links_agent agents[] = {{8, 3, blocks}, {8, 3, blocks}, {4, 1, blocks}};
    static const sl_links_team team = {3, 8, 5, 25, 20, agents};
    // no file of this machine is a part of the input
    const char *traced = def->words.delay && strstr(def->words.delay, "trace") ? def->words.delay : NULL;
    for (unsigned r = 0; r < def->n_rules; r++)
        if (strstr(def->rules[r].words.delay, "trace")) traced = def->rules[r].words.delay;
    if (traced) return sl_fail(SL_NOT_FOUND, NULL, "no traces");
    return sl_links_create(def, &team, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    sl_links_def def = {0}, again = {0};
    sl_links *links = NULL, *same = NULL;
    char *text = NULL;
    size_t n = 0;
    if (sl_experiment_parse_links("fuzz", (const char *)bytes, n_bytes, &def) != SL_OK) return 0;
    sl_status status = mean(&def, &links);
    if (sl_experiment_format_links(&def, &text, &n) != SL_OK) abort();
    if (sl_experiment_parse_links("fuzz again", text, n, &again) != SL_OK) abort();
    if (mean(&again, &same) != status) abort();
    if (links && (strcmp(links->text, same->text) != 0 || links->n_channels != same->n_channels ||
                  links->execution != same->execution || sl_links_is_none(links) != sl_links_is_none(same)))
        abort();
    sl_free(text);
    sl_links_destroy(&links);
    sl_links_destroy(&same);
    sl_links_def_fini(&def);
    sl_links_def_fini(&again);
    return 0;
}
