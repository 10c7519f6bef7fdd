/* test_view.c - the text of a state made by hand: where things stand, what the list says, what is never written. */
#include "starling/view/view.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char text[SL_VIEW_BYTES];

static const sl_camera field = {.world = {0, 0, 32, 32}, .core = {0, 7, 32, 25}, .step_seconds = 0.5};

// two marines against one, one of ours has fallen, the other fires
static const sl_shape battle[] = {
    {.kind = SL_SHAPE_LINE,
     .x = 0,
     .y = 8,
     .x2 = 32,
     .y2 = 8,
     .unit = -1,
     .target = -1,
     .rgba = 0x808080ff,
     .label = "wall"},
    {.kind = SL_SHAPE_LINE,
     .x = 0,
     .y = 0,
     .x2 = 32,
     .y2 = 0,
     .unit = -1,
     .target = -1,
     .rgba = 0x808080ff,
     .label = "wall"},
    {.kind = SL_SHAPE_CIRCLE,
     .x = 4.2f,
     .y = 16.5f,
     .r = 0.375f,
     .full_health = 45,
     .unit = 1,
     .target = -1,
     .rgba = 0x4080c0ff,
     .label = "marine_1 0"},
    {.kind = SL_SHAPE_LINE,
     .x = 8.2f,
     .y = 16.5f,
     .x2 = 12.0f,
     .y2 = 16.5f,
     .unit = 0,
     .target = 2,
     .rgba = 0xe0c040ff,
     .label = "shot"},
    {.kind = SL_SHAPE_CIRCLE,
     .x = 8.2f,
     .y = 16.5f,
     .r = 0.375f,
     .health = 45,
     .full_health = 45,
     .unit = 0,
     .target = -1,
     .rgba = 0x4080c0ff,
     .label = "marine_0 45"},
    {.kind = SL_SHAPE_CIRCLE,
     .x = 12.0f,
     .y = 16.5f,
     .r = 0.5f,
     .health = 50,
     .full_health = 100,
     .shield = 25,
     .full_shield = 50,
     .unit = 2,
     .target = -1,
     .rgba = 0xd95959ff,
     .label = "!zealot_0 75"},
};

static const char words[2][SL_NAME_SIZE] = {"attack !0", "nothing"};

static sl_view_frame make_frame(void) {
    return (sl_view_frame){.title = "combat/hand",
                           .camera = field,
                           .n_shapes = sizeof battle / sizeof battle[0],
                           .shapes = battle,
                           .n_agents = 2,
                           .words = words,
                           .episode = 1,
                           .n_episodes = 3,
                           .step = 7,
                           .max_steps = 60,
                           .reward = 0.25,
                           .total = 1.5};
}

static sl_view_size plain(int columns, int rows) {
    return (sl_view_size){.columns = columns, .rows = rows, .line_end = "\n"};
}

static const char *line(int which) {
    static char one[1024];
    const char *at = text;
    for (int k = 0; k < which && at; k++) {
        at = strchr(at, '\n');
        if (at) at++;
    }
    if (!at) return "";
    (void)snprintf(one, sizeof one, "%.*s", (int)strcspn(at, "\n"), at);
    return one;
}

static int count_lines(void) {
    int n = 0;
    for (const char *c = text; *c; c++) n += *c == '\n';
    return n;
}

static void a_battle_by_hand(void **state) {
    (void)state;
    sl_view_frame frame = make_frame();
    sl_view_size size = plain(80, 22);
    size_t n = sl_view_render(&frame, &size, text);
    assert_int_equal(n, strlen(text));
    assert_int_equal(count_lines(), 21);
    assert_string_equal(line(0), "combat/hand  episode 1/3  step 7/60  reward 0.250  return 1.500");
    // 42 columns are 32 cells wide, 19 rows are 18 high: y 16.5 is the ninth from above
    assert_string_equal(line(9), "     x    0----A");
    assert_string_equal(line(1), "                                            0 marine_0   ######  45 fires at A");
    assert_string_equal(line(2), "                                            1 marine_1   ......   0 fallen");
    assert_string_equal(line(3), "");
    // two thirds of it are health, of which half is left; the shields are drawn behind it
    assert_string_equal(line(4), "                                            A !zealot_0  ##=...  75");
    assert_string_equal(line(18), "##########################################");
    assert_string_equal(line(20), "0-9 a-z agents  A-Z enemies  x fallen  # walls");
    frame.title = "combat/hand[full,hold,no_corpse_attack]";
    (void)sl_view_render(&frame, &size, text);
    assert_string_equal(line(0), "combat/hand[full,hold,no_cor  episode 1/3  step 7/60  reward 0.250  return 1.500");
    frame.outcome = "won";
    (void)sl_view_render(&frame, &size, text);
    assert_string_equal(line(20), "won");
}

// the camera stays: a unit that walks away changes nothing else, and is seen at the edge
static void the_camera_does_not_move(void **state) {
    (void)state;
    sl_shape shapes[sizeof battle / sizeof battle[0]];
    memcpy(shapes, battle, sizeof battle);
    shapes[4].x = 100.0f;
    shapes[4].y = -50.0f;
    shapes[3].unit = shapes[3].target = -1;
    sl_view_frame frame = make_frame();
    frame.shapes = shapes;
    sl_view_size size = plain(80, 22);
    (void)sl_view_render(&frame, &size, text);
    assert_int_equal(line(9)[5], 'x');
    assert_int_equal(line(9)[15], 'A');
    assert_string_equal(line(19), "                                         0");
    // told to attack, but it did not fire
    assert_string_equal(line(1) + 44, "0 marine_0   ######  45 attack A");
}

static void a_high_screen_shows_all_of_the_world(void **state) {
    (void)state;
    sl_view_frame frame = make_frame();
    sl_view_size size = plain(160, 40);
    (void)sl_view_render(&frame, &size, text);
    assert_int_equal(count_lines(), 39);
    // the wall at the bottom is in the last row of the picture, which is twice as wide as high
    assert_int_equal(strlen(line(37)), 74);
    assert_int_equal(line(37)[73], '#');
    assert_null(strchr(line(36), '#'));
}

static void particles_are_discs(void **state) {
    (void)state;
    const sl_shape shapes[] = {
        {.kind = SL_SHAPE_CIRCLE,
         .x = 0.75f,
         .y = 0.75f,
         .r = 0.05f,
         .unit = -1,
         .target = -1,
         .label = "landmark_0"},
        {.kind = SL_SHAPE_CIRCLE, .x = 0, .y = 0, .r = 0.15f, .unit = 0, .target = -1, .label = "agent_0"},
    };
    const char say[1][SL_NAME_SIZE] = {"left, say 3"};
    sl_view_frame frame = {.title = "mpe/x",
                           .camera = {.world = {-1.5f, -1.5f, 1.5f, 1.5f}, .core = {-1.5f, -1.5f, 1.5f, 1.5f}},
                           .n_shapes = 2,
                           .shapes = shapes,
                           .n_agents = 1,
                           .words = say,
                           .episode = 2,
                           .step = 1,
                           .max_steps = 25};
    sl_view_size size = plain(80, 24);
    (void)sl_view_render(&frame, &size, text);
    assert_string_equal(line(0), "mpe/x  episode 2  step 1/25  reward 0.000  return 0.000");
    assert_string_equal(line(1), "                                            0 agent_0        left, say 3");
    assert_string_equal(line(6), "                               o");
    assert_string_equal(line(11), "                   ..0..");
    assert_string_equal(line(22), "0-9 a-z agents  o landmarks");
}

// with more units than rows the list goes on beside itself
static void many_units_are_listed_in_columns(void **state) {
    (void)state;
    sl_shape shapes[57];
    for (int u = 0; u < 57; u++) {
        shapes[u] = (sl_shape){.kind = SL_SHAPE_CIRCLE, .x = 1, .y = 16, .health = 45, .full_health = 45, .unit = u};
    }
    sl_view_frame frame = make_frame();
    frame.shapes = shapes;
    frame.n_shapes = 57;
    frame.n_agents = 27;
    frame.words = NULL;
    sl_view_size size = plain(80, 24);
    (void)sl_view_render(&frame, &size, text);
    assert_string_equal(line(1) + 44, "0 ###### 45 l ###### 45 P ###### 45");
    assert_string_equal(line(15) + 44, "e ###### 45 I ###### 45 $ ###### 45");
}

// two in one cell: the second is beside the first, on the side where it stands
static void nobody_is_covered(void **state) {
    (void)state;
    sl_shape shapes[sizeof battle / sizeof battle[0]];
    memcpy(shapes, battle, sizeof battle);
    shapes[5].x = 8.3f;
    shapes[5].y = 16.7f;
    shapes[3] = shapes[0];
    sl_view_frame frame = make_frame();
    frame.shapes = shapes;
    sl_view_size size = plain(80, 22);
    (void)sl_view_render(&frame, &size, text);
    assert_string_equal(line(9), "     x    0A");
}

static void colours_are_named_where_they_change(void **state) {
    (void)state;
    sl_view_frame frame = make_frame();
    sl_view_size size = plain(80, 22);
    size.colour = true;
    size.line_end = "\x1b[K\n";
    (void)sl_view_render(&frame, &size, text);
    // four steps of red, two of green and blue in the cube; at the end of the line the terminal has its own again
    assert_non_null(strstr(text, "-\x1b[38;5;174mA\x1b[0m\x1b[K\n"));
    size = plain(80, 22);
    (void)sl_view_render(&frame, &size, text);
    assert_null(strchr(text, '\x1b'));
}

// shapes come from other machines: whatever they say, the text is printable and in bounds
static void nonsense_is_shown_as_nonsense(void **state) {
    (void)state;
    const float odd[] = {NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 0, 16};
    sl_shape shapes[98];
    int n = 0;
    for (int i = 0; i < 7; i++) {
        for (int j = 0; j < 7; j++) {
            shapes[n] = (sl_shape){.kind = SL_SHAPE_CIRCLE, .x = odd[i], .y = odd[j], .r = odd[j], .health = odd[i]};
            shapes[n].full_health = odd[j];
            shapes[n].unit = n - 3;
            memset(shapes[n].label, 1 + n, SL_NAME_SIZE);
            shapes[n + 1] = (sl_shape){.kind = SL_SHAPE_LINE, .x = odd[i], .y = odd[j], .x2 = odd[j], .y2 = odd[i]};
            shapes[n + 1].unit = 3 * n - 9;
            shapes[n + 1].target = 1000 - 99 * n;
            n += 2;
        }
    }
    static const int sizes[][2] = {{80, 24}, {-5, 0}, {1, 1}, {100000, 100000}, {59, 13}};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        sl_view_frame frame = make_frame();
        frame.shapes = shapes;
        frame.n_shapes = n;
        sl_view_size size = plain(sizes[k][0], sizes[k][1]);
        (void)sl_view_render(&frame, &size, text);
        int width = 0, widest = 0;
        for (const char *c = text; *c; c++) {
            assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
            width = *c == '\n' ? 0 : width + 1;
            widest = width > widest ? width : widest;
        }
        assert_true(widest <= SL_VIEW_MAX_COLUMNS && count_lines() < SL_VIEW_MAX_ROWS);
        if (sizes[k][0] == 59) assert_true(widest <= 59);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_battle_by_hand),
        cmocka_unit_test(the_camera_does_not_move),
        cmocka_unit_test(a_high_screen_shows_all_of_the_world),
        cmocka_unit_test(particles_are_discs),
        cmocka_unit_test(many_units_are_listed_in_columns),
        cmocka_unit_test(nobody_is_covered),
        cmocka_unit_test(colours_are_named_where_they_change),
        cmocka_unit_test(nonsense_is_shown_as_nonsense),
    };
    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
