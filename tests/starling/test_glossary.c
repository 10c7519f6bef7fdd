/* test_glossary.c - every number that a program counts stands in docs/glossary.md as its table describes it, and no
 * other does. What is missing is printed, to be put there. */
#include "agent/session.h"
#include "common/alloc.h"
#include "coordinator/page.h"
#include "fleet/slot_view.h"
#include "fleet/stats.h"
#include "links/team.h"
#include "net/flight_clock.h"
#include "net/incident.h"
#include "net/link.h"
#include "storage/file.h"
#include "telemetry/process.h"
#include "trainer/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *above; /* the line above its table */
    const sl_metric_table *table;
} documented[] = {
    {"A coordinator's fleet", &sl_fleet_metrics},
    {"A slot of the fleet", &sl_slot_metrics},
    {"A coordinator's work", &sl_coordinator_metrics},
    {"A trainer's stage", &sl_training_metrics},
    {"A program that shows a page", &sl_process_metrics},
    {"A flight, as `fly --json` tells it", &sl_incident_metrics},
    {"What links did in an evaluation or a flight", &sl_link_count_metrics},
    {"A realtime flight, `timing.realtime` of `fly --json`", &sl_flight_clock_metrics},
    {"An agent", &sl_session_metrics},
    {"A link", &sl_link_metrics},
};

static void compare(const char *text, const char *above, const sl_metric_table *table) {
    char want[8192];
    int n = snprintf(want, sizeof want, "\n%s:\n\n| counter | unit | what |\n|---|---|---|\n", above);
    for (int k = 0; k < table->n; k++) {
        const sl_metric *m = &table->metrics[k];
        n += snprintf(want + n, sizeof want - (size_t)n, "| `%s` | %s | %s |\n", m->name, m->unit, m->help);
    }
    (void)snprintf(want + n, sizeof want - (size_t)n, "\n");
    if (strstr(text, want)) return;
    (void)fputs(want, stderr);
    fail_msg("docs/glossary.md lacks the lines above");
}

static void the_glossary_has_every_counter(void **state) {
    (void)state;
    uint8_t *text = NULL;
    size_t n_bytes = 0;
    assert_int_equal(sl_file_read(SL_SOURCE_DIR "/docs/glossary.md", 1 << 20, &text, &n_bytes), SL_OK);
    for (size_t i = 0; i < sizeof documented / sizeof *documented; i++)
        compare((const char *)text, documented[i].above, documented[i].table);
    sl_free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_glossary_has_every_counter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
