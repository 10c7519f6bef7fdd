/* bench_all.c - starling bench all: every figure of the README in one run with the machine beside it, and of another
 * build in the same rounds, or beside what was measured before. */
#include "starling/commands/command.h"
#include "starling/commands/figures.h"
#include "starling/report/table.h"
#include "starling/run/interrupt.h"
#include "starling/run/options.h"
#include "starling/run/output.h"
#include "starling/run/spawn.h"

#include "common/cpu.h"
#include "common/log.h"
#include "common/program.h"
#include "nn/gemm_bf16.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

// ------------------------------------------------------------------------------------------------------ the machine

// what the kernel calls the processor
static void name_cpu(char text[96]) {
    (void)snprintf(text, 96, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (file && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (!colon || (strncmp(line, "model name", 10) != 0 && strncmp(line, "Model", 5) != 0)) continue;
        line[strcspn(line, "\n")] = '\0';
        (void)snprintf(text, 96, "%.90s", colon + 1 + (colon[1] == ' '));
        break;
    }
    if (file) (void)fclose(file);
}

static json_t *describe_features(void) {
    json_t *list = json_array();
    uint64_t present = sl_cpu_present();
    for (int i = 0; i < 64 && sl_cpu_feature(i); i++)
        if (present >> i & 1) (void)json_array_append_new(list, json_string(sl_cpu_feature(i)));
    return list;
}

static json_t *describe_machine(bool *failed) {
    char cpu[96];
    struct utsname os;
    json_t *machine = json_object();
    name_cpu(cpu);
    if (uname(&os) != 0) memset(&os, 0, sizeof os);
    double gib = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGE_SIZE) / (1 << 30);
    SL_JSON_SET(machine, failed, {"cpu", json_string(cpu)},
                {"cores", json_integer((json_int_t)sysconf(_SC_NPROCESSORS_ONLN))},
                {"memory_gib", sl_json_number(gib)}, {"architecture", json_string(os.machine)},
                {"kernel", json_string(os.release)}, {"compiler", json_string(__VERSION__)},
                {"features", describe_features()});
    return machine;
}

// ------------------------------------------------------------------------------------------------------- the result

static const char *full_name(const sl_figures_result *result, char text[SL_TABLE_CELL]) {
    (void)snprintf(text, SL_TABLE_CELL, "%s: %s", result->measure->name, result->figure->name);
    return text;
}

static void set_number(sl_table *table, int column, double value, const char *unit) {
    int decimals = value >= 1000 ? 0 : value >= 10 ? 1 : 3;
    if (!isnan(value)) sl_table_set(table, column, "%.*f%s%s", decimals, value, unit[0] ? " " : "", unit);
}

static sl_status print_table(const sl_figures *figures, const json_t *machine) {
    const char *const titles[] = {"figure", "this build", "the other", "times better", "smallest", "largest"};
    sl_table *table = NULL;
    char name[SL_TABLE_CELL];
    SL_TRY(sl_table_create(6, 1, titles, &table));
    for (int column = 2; column < 6; column++) sl_table_hide_empty(table, column);
    sl_status status = SL_OK;
    for (int i = 0; i < figures->n && status == SL_OK; i++) {
        const sl_figures_result *result = &figures->results[i];
        double gain[3];
        sl_figures_gain(result, gain);
        status = sl_table_add_row(table);
        if (status != SL_OK) break;
        sl_table_set(table, 0, "%s", full_name(result, name));
        for (int side = 0; side < 2; side++)
            set_number(table, 1 + side, sl_figures_median(result, side), result->figure->unit);
        for (int k = 0; k < 3; k++)
            if (!isnan(gain[k])) sl_table_set(table, 3 + k, "%.3f", gain[k]);
    }
    sl_print_wrapped(stdout, 2, "%s, %lld cores, %s\n\n", json_string_value(json_object_get(machine, "cpu")),
                     (long long)json_integer_value(json_object_get(machine, "cores")),
                     json_string_value(json_object_get(machine, "architecture")));
    if (status == SL_OK) sl_table_print(table, stdout);
    sl_table_destroy(&table);
    return status;
}

static json_t *list_values(const sl_figures_result *result, int side) {
    json_t *list = json_array();
    for (int i = 0; i < result->n[side]; i++)
        (void)json_array_append_new(list, sl_json_number(result->values[side][i]));
    return list;
}

static json_t *describe_figure(const sl_figures_result *result, bool has_other, bool *failed) {
    char name[SL_TABLE_CELL];
    double gain[3];
    json_t *one = json_object();
    sl_figures_gain(result, gain);
    SL_JSON_SET(one, failed, {"name", json_string(full_name(result, name))},
                {"unit", json_string(result->figure->unit)},
                {"less_is_better", json_boolean(result->figure->less_is_better)},
                {"median", sl_json_number(sl_figures_median(result, 0))}, {"rounds", list_values(result, 0)});
    if (has_other)
        SL_JSON_SET(one, failed, {"other_median", sl_json_number(sl_figures_median(result, 1))},
                    {"other_rounds", list_values(result, 1)}, {"times_better", sl_json_number(gain[0])},
                    {"smallest", sl_json_number(gain[1])}, {"largest", sl_json_number(gain[2])});
    return one;
}

static sl_status print_json(const sl_figures *figures, json_t *machine, const char *against, bool failed) {
    json_t *object = json_object(), *list = json_array();
    for (int i = 0; i < figures->n; i++)
        if (json_array_append_new(list, describe_figure(&figures->results[i], against, &failed)) != 0) failed = true;
    SL_JSON_SET(object, &failed, {"version", json_string(SL_VERSION)}, {"machine", json_incref(machine)},
                {"seconds", sl_json_number(figures->seconds)}, {"rounds", json_integer(figures->n_rounds)});
    if (against) sl_json_set(object, "against", json_string(against), &failed);
    sl_json_set(object, "figures", list, &failed);
    return sl_json_print(object, failed);
}

// -------------------------------------------------------------------------------------------------------- the other

// what 'bench all --json' has printed: its rounds stand beside ours, though they were not measured in one run
static sl_status read_other(const char *path, json_t **out) {
    json_error_t error;
    json_t *other = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (json_is_array(json_object_get(other, "figures"))) {
        *out = other;
        return SL_OK;
    }
    json_decref(other);
    return sl_fail(SL_USAGE, "the starling of another build, or what 'starling bench all --json' has printed",
                   "--against '%s' is neither a program nor figures", path);
}

static void take_other(sl_figures *figures, const json_t *other, const char *path) {
    char name[SL_TABLE_CELL];
    size_t k;
    int n_taken = 0;
    const json_t *list = json_object_get(other, "figures"), *one;
    json_array_foreach(list, k, one) {
        const char *called = json_string_value(json_object_get(one, "name"));
        const json_t *rounds = json_object_get(one, "rounds");
        for (int i = 0; called && i < figures->n; i++) {
            sl_figures_result *result = &figures->results[i];
            if (strcmp(called, full_name(result, name)) != 0) continue;
            for (size_t r = 0; r < json_array_size(rounds) && result->n[1] < SL_FIGURES_ROUNDS; r++) {
                const json_t *value = json_array_get(rounds, r);
                if (!json_is_number(value)) continue;
                result->values[1][result->n[1]++] = json_number_value(value);
                n_taken++;
            }
        }
    }
    if (n_taken == 0) SL_WARN("--against '%s' has none of these figures", path);
}

static sl_status compare(sl_figures *figures, const char *against) {
    static char program[SL_PATH_BYTES];
    json_t *other = NULL;
    if (against && access(against, X_OK) == 0) {
        SL_TRY(sl_program_find(against, program));
        figures->programs[1] = program;
    } else if (against) {
        SL_TRY(read_other(against, &other));
    }
    sl_status status = sl_figures_run(figures);
    if (status == SL_OK && other) take_other(figures, other, against);
    json_decref(other);
    return status;
}

sl_status sl_cmd_bench_all(const char *path, int argc, char **argv) {
    static sl_figures figures;
    static char self[SL_PATH_BYTES];
    const char *against = NULL;
    int64_t rounds = 3;
    bool json = false, failed = false;
    figures.seconds = 3;
    const sl_option options[] = {
        {"rounds", SL_OPTION_INT, "N", "in each, every measure runs once with each build (3)", &rounds, 1,
         SL_FIGURES_ROUNDS},
        {"seconds", SL_OPTION_REAL, "S", "how long one measure is (3)", &figures.seconds, 0.1, 600},
        {"only", SL_OPTION_TEXT, "WORD", "the measures whose name holds it", &figures.only, 0, 0},
        {"against", SL_OPTION_TEXT, "FILE",
         "another build's starling, measured in the same rounds; or figures that --json has printed", &against, 0, 0},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0},
    };
    static const char text[] =
        "Measures every figure of the README, in rounds, and prints their medians with the machine beside them. A "
        "build beside another: what happens on the machine meets both alike, and the ratios are taken within a "
        "round.";
    sl_usage usage = {path, "", text, 0, 0, sizeof options / sizeof options[0], options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    sl_interrupt_watch();
    figures.n_rounds = (int)rounds;
    SL_TRY(sl_program_find("starling", self));
    figures.programs[0] = self;
    SL_TRY(compare(&figures, against));
    json_t *machine = describe_machine(&failed);
    sl_status status = json ? print_json(&figures, machine, against, failed) : print_table(&figures, machine);
    json_decref(machine);
    if (status == SL_OK && figures.n_failed > 0)
        return sl_fail(SL_IO, "their own messages are above", "%d measures failed", figures.n_failed);
    return status;
}
