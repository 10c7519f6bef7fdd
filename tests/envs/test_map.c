/* test_map.c - the table of units, and maps that people wrote: what is wrong is refused with the file, the place in
 * it and a hint. */
#include "envs/combat/map.h"
#include "envs/env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "envs/field.h"

// SMAClite's numbers; cooldowns count ticks of a sixteenth of a second between two shots
static void units_are_those_of_the_reference(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double hp, shield, armor, damage, bonus, range, speed, diameter;
        int attacks, ticks;
        bool armored;
    } rows[] = {
        {"marine", 45, 0, 0, 6, 0, 5, 3.15, 0.75, 1, 10, false},
        {"marauder", 125, 0, 1, 10, 10, 6, 3.15, 1.125, 1, 18, true},
        {"stalker", 80, 80, 1, 13, 5, 6, 4.13, 1.25, 1, 22, true},
        {"zealot", 100, 50, 1, 8, 0, 0.1, 3.15, 1.0, 2, 14, false},
    };
    char list[128] = "";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const sl_combat_type *type = sl_combat_find_type(rows[i].name);
        assert_non_null(type);
        assert_string_equal(type->name, rows[i].name);
        assert_true(type->hp == rows[i].hp && type->shield == rows[i].shield && type->armor == rows[i].armor);
        assert_true(type->damage == rows[i].damage && type->bonus == rows[i].bonus);
        assert_true(type->range == rows[i].range && type->speed == rows[i].speed);
        assert_true(type->radius == rows[i].diameter / 2 && type->attacks == rows[i].attacks);
        assert_true(type->armored == rows[i].armored);
        int ticks = 0;
        for (double left = type->cooldown; left > 0.0; left -= 1.0 / 16.0) ticks++;
        assert_int_equal(ticks, rows[i].ticks);
        (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", rows[i].name);
    }
    // the hint of an unknown unit names them all
    assert_string_equal(sl_combat_type_names(), list);
    assert_null(sl_combat_find_type("Marine"));
    assert_null(sl_combat_find_type(""));
}

static const char SIEGE[] = "{\"step_limit\": 200, \"width\": 20, \"height\": 20, \"goal\": [2, 10],\n"
                            " \"allies\": [{\"at\": [7, 10], \"units\": {\"marine\": 5}}],\n"
                            " \"enemies\": [{\"at\": [12, 10], \"units\": {\"zealot\": 1}}]}\n";

static const char *write_map(const sl_temp_folder *folder, const char *text) {
    static char name[FIELD_NAME];
    return field_map(folder, "map.json", text, name);
}

static void refused(const char *name, sl_status code, const char *what, const char *hint) {
    sl_env_options options = sl_env_default_options();
    sl_rng stream = sl_rng_seed(1);
    sl_env *env = NULL;
    assert_int_equal(sl_env_create(name, &options, 1, &stream, &env), code);
    assert_null(env);
    if (!strstr(sl_error_what(), what) || strchr(sl_error_what(), '\n'))
        fail_msg("'%s' does not say '%s'", sl_error_what(), what);
    assert_non_null(sl_error_hint());
    if (!strstr(sl_error_hint(), hint)) fail_msg("the hint of '%s' is '%s'", sl_error_what(), sl_error_hint());
}

static void bad_maps_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *old, *text, *what, *hint;
    } cases[] = {
        {"\"step_limit\": 200", "\"step_limit\": 0", "step_limit is not an integer", NULL},
        {"\"step_limit\": 200", "\"steps\": 200", "the map: unknown key 'steps'", "step_limit"},
        {"\"step_limit\": 200", "\"step_limit width\": 200", "unknown key 'step_limit width'", "step_limit"},
        {"\"width\": 20", "\"width\": 2000", "width is not an integer from 1 to 128", NULL},
        {"\"marine\"", "\"marinee\"", "allies[0].units: unknown unit 'marinee'", "marine, marauder"},
        {"\"marine\": 5", "\"marine\": 0", "allies[0].units.marine is not an integer", NULL},
        {"[7, 10]", "[0.5, 10]", "ally 0 (marine) of allies[0] starts at (-0.25, 9.575), outside the map", "inwards"},
        {"\"zealot\": 1", "\"zealot\": 60", "more than 64 units", "both sides"},
        {"{\"zealot\": 1}", "{}", "enemies[0].units is not an object of counts", "marine"},
        {"{\"zealot\": 1}", "7", "enemies[0].units is not an object of counts", "marine"},
        {"[12, 10]", "[12]", "enemies[0].at is not a point of the map", "width"},
        {"[12, 10]", "[12, \"10\"]", "enemies[0].at is not a point of the map", "width"},
        {"[12, 10]", "[12, 21]", "enemies[0].at is not a point of the map", "width"},
        {"[12, 10]", "[0.2, 10]", "enemy 0 (zealot) of enemies[0] starts at (0.2, 10), outside the map", "inwards"},
        {"[12, 10]", "[7, 10]", "ally 0 (marine) of allies[0] and enemy 0 (zealot) of enemies[0] overlap", "apart"},
        {"\"goal\": [2, 10]", "\"goal\": null", "goal is not a point", "width"},
        {"\"goal\"", "\"walls\": [[11, 9, 13, 11]], \"goal\"",
         "enemy 0 (zealot) of enemies[0] starts at (12, 10), in walls[0]", "move"},
        {"\"goal\"", "\"walls\": [[1, 1, 1, 2]], \"goal\"", "walls[0] is empty", "left"},
        {"\"goal\"", "\"walls\": [[1, 1, 2]], \"goal\"", "walls[0] has not four numbers", "left"},
        {"\"goal\"", "\"walls\": [[1, 1, 2, 30]], \"goal\"", "walls[0][3] is not an integer", NULL},
        {"\"goal\"", "\"walls\": 3, \"goal\"", "walls is not a list", NULL},
        {"\"allies\": [", "\"allies\": [3, ", "allies[0] is not an object", NULL},
        {"\"at\": [7", "\"of\": 1, \"at\": [7", "allies[0]: unknown key 'of'", "at units"},
        {"\"goal\"", "\"width\": 20, \"goal\"", "not JSON", NULL},
        {"\"goal\"", "goal", ":1:", NULL},
        {"\"height\": 20, ", "", "height is not an integer from 1 to 128", NULL},
        {"\"width\": 20", "\"width\": \"20\"", "width is not an integer from 1 to 128", NULL},
        {"\"width\": 20", "\"width\": 20.5", "width is not an integer from 1 to 128", NULL},
        {"\"marine\": 5", "\"marine\": -5", "allies[0].units.marine is not an integer from 1 to 64", NULL},
        {"\"marine\": 5", "\"marine\": 5, \"Zealot\": 1", "allies[0].units: unknown unit 'Zealot'",
         "stalker, zealot"},
        {"\"allies\"", "\"friends\"", "the map: unknown key 'friends'", "allies enemies goal"},
        {"\"enemies\": [", "\"enemies\": [], \"x\": [", "the map: unknown key 'x'", "allies"},
        {"[{\"at\": [12, 10], \"units\": {\"zealot\": 1}}]", "[]", "enemies is not a list of groups", "at"},
        {"[12, 10]", "[-1, 10]", "enemies[0].at is not a point of the map", "width"},
        {"[12, 10]", "[19.8, 10]", "enemy 0 (zealot) of enemies[0] starts at (19.8, 10), outside the map", "inwards"},
        {"[12, 10]", "[12, 19.7]", "enemy 0 (zealot) of enemies[0] starts at (12, 19.7), outside the map", "inwards"},
        {"[{\"at\": [7, 10]", "[{\"at\": [3, 3], \"units\": {\"marine\": 1}}, {\"at\": [3.5, 3]",
         "ally 0 (marine) of allies[0] and ally 1 (marine) of allies[1] overlap", "apart"},
        {"\"goal\": [2, 10]", "\"goal\": [2, 20.5]", "goal is not a point", "width"},
        {"\"goal\"", "\"walls\": [[0, -1, 20, 2]], \"goal\"", "walls[0][1] is not an integer from 0 to 20", NULL},
        {"\"goal\"", "\"walls\": [[13, 9, 14, 11], [12.5, 9, 13, 11]], \"goal\"", "walls[1][0] is not an integer",
         NULL},
        {"\"goal\"", "\"walls\": [[0, 0, 1, 1], [11, 11, 12, 12], [12, 10, 13, 11]], \"goal\"", "in walls[2]",
         "move"},
    };
    sl_temp_folder folder = sl_temp_folder_create();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[2048];
        const char *hit = strstr(SIEGE, cases[i].old);
        assert_non_null(hit);
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(hit - SIEGE), SIEGE, cases[i].text,
                       hit + strlen(cases[i].old));
        refused(write_map(&folder, text), SL_CONFIG, cases[i].what,
                cases[i].hint ? cases[i].hint : "environments.md");
        assert_non_null(strstr(sl_error_what(), "map.json"));
    }
    sl_temp_folder_remove(&folder);
}

static void files_that_are_no_maps_are_refused(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    refused("combat/no/such.json", SL_NOT_FOUND, "no/such.json", "combat/FILE.json");
    refused("combat/.json", SL_CONFIG, "unknown environment", "env list");
    refused("combat/4m", SL_CONFIG, "unknown environment 'combat/4m'", "env list");
    refused("combat/3m.yaml", SL_CONFIG, "unknown environment 'combat/3m.yaml'", "env list");
    refused(write_map(&folder, ""), SL_CONFIG, "map.json:1:0: not JSON", "environments.md");
    refused(write_map(&folder, "[]"), SL_CONFIG, "map.json: a map is a JSON object", "environments.md");
    refused(write_map(&folder, "{\n\n\"width\": 1e999}"), SL_CONFIG, "map.json:3:", "environments.md");
    // a folder, and a file that does not end
    char name[512];
    (void)snprintf(name, sizeof name, "combat/%s", sl_temp_folder_file(&folder, "folder.json"));
    assert_int_equal(mkdir(name + strlen("combat/"), 0700), 0);
    refused(name, SL_IO, "folder.json: not a regular file", "combat/FILE.json");
    static char lengthy[(1 << 20) + 10];
    memset(lengthy, ' ', sizeof lengthy - 1);
    refused(write_map(&folder, lengthy), SL_CONFIG, "map.json is longer than 1048576 bytes", "environments.md");
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_are_those_of_the_reference),
        cmocka_unit_test(bad_maps_are_refused),
        cmocka_unit_test(files_that_are_no_maps_are_refused),
    };
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
