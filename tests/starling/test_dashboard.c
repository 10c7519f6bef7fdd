/* test_dashboard.c - deploy/grafana/starling.json: what it asks Prometheus for is what the programs' pages have, and
 * it leaves out no table of theirs. */
#include "common/alloc.h"
#include "coordinator/page.h"
#include "fleet/slot_view.h"
#include "fleet/stats.h"
#include "net/link.h"
#include "storage/file.h"
#include "telemetry/process.h"
#include "trainer/page.h"

#include <ctype.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *prefix;
    const sl_metric_table *table;
} pages[] = {
    {"process", &sl_process_metrics},  {"coordinator", &sl_coordinator_metrics},
    {"learn_link", &sl_link_metrics},  {"fleet_link", &sl_link_metrics},
    {"fleet", &sl_fleet_metrics},      {"slot", &sl_slot_metrics},
    {"trainer", &sl_training_metrics},
};
static const char *const others[] = {"starling_fleet_slots", "starling_build_info"};
enum { N_PAGES = sizeof pages / sizeof *pages };
static int n_used[N_PAGES];

static char *read_text(const char *path) {
    uint8_t *text = NULL;
    size_t n = 0;
    assert_int_equal(sl_file_read(path, 1 << 20, &text, &n), SL_OK);
    return (char *)text;
}

static void cut(char *name, const char *end) {
    size_t n = strlen(name), m = strlen(end);
    if (n > m && strcmp(name + n - m, end) == 0) name[n - m] = '\0';
}

// a column of the metrics files: the glossary has it as `name`
static bool is_column(const char *glossary, const char *name) {
    char word[SL_METRIC_NAME + 8];
    char column[SL_METRIC_NAME];
    (void)snprintf(column, sizeof column, "%s", name + strlen("starling_stage_"));
    cut(column, "_total");
    (void)snprintf(word, sizeof word, "`%s`", column);
    return strstr(strstr(glossary, "## Columns of the metrics files"), word) != NULL;
}

static bool is_known(const char *glossary, const char *name) {
    char base[SL_METRIC_NAME];
    (void)snprintf(base, sizeof base, "%s", name);
    cut(base, "_bucket");
    for (int p = 0; p < N_PAGES; p++)
        for (int k = 0; k < pages[p].table->n; k++) {
            char known[SL_METRIC_NAME];
            const sl_metric *metric = &pages[p].table->metrics[k];
            sl_metric_page_name(metric, pages[p].prefix, known);
            // only a histogram has buckets, and nothing else of it is asked for
            bool is_bucket = metric->kind == SL_METRIC_SUMMARY;
            if (strcmp(is_bucket ? base : name, known) != 0 || is_bucket == (strcmp(base, name) == 0)) continue;
            n_used[p]++;
            return true;
        }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(name, others[i]) == 0) return true;
    return strncmp(name, "starling_stage_", 15) == 0 && is_column(glossary, name);
}

static int check_expression(const char *glossary, const char *expression) {
    int n = 0;
    for (const char *at = expression; (at = strstr(at, "starling_")); n++) {
        char name[SL_METRIC_NAME];
        size_t length = 0;
        while (isalnum((unsigned char)at[length]) || at[length] == '_') length++;
        assert_true(length < sizeof name);
        (void)snprintf(name, sizeof name, "%.*s", (int)length, at);
        if (!is_known(glossary, name)) fail_msg("no program has the metric %s", name);
        at += length;
    }
    return n;
}

static void every_metric_of_the_dashboard_exists(void **state) {
    (void)state;
    char *text = read_text(SL_SOURCE_DIR "/deploy/grafana/starling.json");
    char *glossary = read_text(SL_SOURCE_DIR "/docs/glossary.md");
    json_t *board = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(board);
    size_t i = 0, k = 0;
    json_t *panel = NULL, *target = NULL;
    int n = 0;
    json_array_foreach(json_object_get(board, "panels"), i, panel) {
        bool is_row = strcmp(json_string_value(json_object_get(panel, "type")), "row") == 0;
        const char *description = json_string_value(json_object_get(panel, "description"));
        assert_true(is_row || (description && description[0]));
        json_array_foreach(json_object_get(panel, "targets"), k, target) {
            int found = check_expression(glossary, json_string_value(json_object_get(target, "expr")));
            assert_true(found > 0);
            n += found;
        }
    }
    assert_true(n > 50);
    for (int p = 0; p < N_PAGES; p++)
        if (n_used[p] == 0) fail_msg("the dashboard shows nothing of %s", pages[p].prefix);
    json_decref(board);
    sl_free(text);
    sl_free(glossary);
}

// the page for operators names no metric that is none, and the glossary says what each is called
static void the_documents_name_what_there_is(void **state) {
    (void)state;
    char *glossary = read_text(SL_SOURCE_DIR "/docs/glossary.md");
    char *operating = read_text(SL_SOURCE_DIR "/docs/operating.md");
    (void)check_expression(glossary, operating);
    for (int p = 0; p < N_PAGES; p++) {
        char row[64];
        (void)snprintf(row, sizeof row, "| `starling_%s_` |", pages[p].prefix);
        if (!strstr(glossary, row)) fail_msg("docs/glossary.md does not name %s", row);
    }
    sl_free(glossary);
    sl_free(operating);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_of_the_dashboard_exists),
        cmocka_unit_test(the_documents_name_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
