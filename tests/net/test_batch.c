/* test_batch.c - the rows of net/wire_tensor.h: what is added comes back, each tensor is refused by its name, and the
 * page says what the rows say. */
#include "net/batch.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Each size another one, so that no shape fits in another's place. */
static const sl_batch sizes = {.T = 2,
                               .B = 3,
                               .N = 4,
                               .O = 5,
                               .A = 6,
                               .S = 7,
                               .M = 8,
                               .C = 9,
                               .H = 10,
                               .critic_H = 11,
                               .Z = 12,
                               .n_episodes = 13};
#define COUNT(number, role, ...) AT_##role,
enum { SL_BATCH_TENSORS(COUNT) N_TENSORS };

static double memory[N_TENSORS][2 * 3 * 4 * 12]; /* a place for each */
#define ROLE_BIT(number, role, ...) | SL_ROLE(role)
static const uint32_t all = 0 SL_BATCH_TENSORS(ROLE_BIT);

static sl_batch whole_batch(void) {
    sl_batch batch = sizes;
#define POINT(number, role, member, ...) batch.member = (const void *)memory[AT_##role];
    SL_BATCH_TENSORS(POINT)
    return batch;
}

static sl_learn_message whole_message(void) {
    sl_learn_message message = {.kind = SL_LEARN_BATCH};
    sl_batch batch = whole_batch();
    sl_batch_add(&batch, &message);
    return message;
}

static void all_comes_back_in_the_order_of_the_rows(void **state) {
    (void)state;
    sl_learn_message message = whole_message();
    assert_int_equal(message.n_tensors, N_TENSORS);
    sl_batch batch = sizes, sent = whole_batch();
    batch.n_episodes = 0;
    assert_int_equal(sl_batch_take(&batch, &message, all, 0), SL_OK);
    assert_int_equal(batch.n_episodes, 13);
#define CHECK(number, row, member, ...)                                                                              \
    assert_ptr_equal(batch.member, sent.member);                                                                     \
    assert_int_equal(message.tensors[AT_##row].role, number);                                                        \
    assert_string_equal(sl_tensor_role_name(SL_TENSOR_##row), #row);
    SL_BATCH_TENSORS(CHECK)
    // what is not asked for is not pointed at; what is NULL is not added
    batch = sizes;
    assert_int_equal(sl_batch_take(&batch, &message, SL_ROLE(OBS), SL_ROLE(AVAIL)), SL_OK);
    assert_true(batch.obs && batch.avail && !batch.action && !batch.episode_return);
    message.n_tensors = 0;
    sl_batch_add(&batch, &message);
    assert_int_equal(message.n_tensors, 2);
}

static void refused(const sl_learn_message *message, int k, uint32_t required, uint32_t optional) {
    char named[64], also[64];
    const char *name = sl_tensor_role_name(whole_message().tensors[k].role);
    sl_batch batch = sizes;
    assert_int_equal(sl_batch_take(&batch, message, required, optional), SL_MISMATCH);
    assert_memory_equal(&batch, &sizes, sizeof batch);
    (void)snprintf(named, sizeof named, "BATCH lacks %s", name);
    (void)snprintf(also, sizeof also, "BATCH: %s is ", name);
    if (!strstr(sl_error_what(), named) && !strstr(sl_error_what(), also))
        fail_msg("%s is not named: %s", name, sl_error_what());
}

static void each_wrong_tensor_is_refused_by_name(void **state) {
    (void)state;
    const sl_learn_message whole = whole_message();
    for (int k = 0; k < N_TENSORS; k++) {
        const sl_wire_tensor *tensor = &whole.tensors[k];
        sl_learn_message message;
        for (int d = 0; d < tensor->n_dims; d++) {
            // how many episodes there are is what EPISODE_RETURN says
            if (tensor->role == SL_TENSOR_EPISODE_RETURN && d == 0) continue;
            message = whole;
            message.tensors[k].dims[d]++;
            refused(&message, k, all, 0);
            refused(&message, k, 0, all);
        }
        for (sl_wire_type type = SL_WIRE_F32; type <= SL_WIRE_U8; type++) {
            if (type == tensor->type) continue;
            message = whole;
            message.tensors[k].type = type;
            refused(&message, k, all, 0);
        }
        message = whole;
        message.tensors[k].n_dims--;
        refused(&message, k, all, 0);
        // absent: the last one takes its place
        message = whole;
        message.tensors[k] = message.tensors[--message.n_tensors];
        refused(&message, k, 1u << tensor->role, 0);
        sl_batch batch = sizes;
        assert_int_equal(sl_batch_take(&batch, &message, 0, 1u << tensor->role), SL_OK);
        // nobody asked for it: it may be anything
        message = whole;
        message.tensors[k].dims[tensor->n_dims - 1]++;
        assert_int_equal(sl_batch_take(&batch, &message, 0, 0), SL_OK);
    }
}

static void a_refusal_says_what_came_and_what_is_wanted(void **state) {
    (void)state;
    sl_learn_message message = whole_message();
    sl_batch batch = sizes;
    batch.S = 70;
    assert_int_equal(sl_batch_take(&batch, &message, all, 0), SL_MISMATCH);
    assert_string_equal(sl_error_what(),
                        "learn message BATCH: STATE is f32 (2, 3, 7) where f32 (2, 3, 70) is wanted");
    const sl_wire_tensor *tensor = NULL;
    message.kind = SL_LEARN_RECORD;
    assert_int_equal(sl_learn_take(&message, SL_TENSOR_PARAMS, SL_SHAPE(5), &tensor), SL_MISMATCH);
    assert_string_equal(sl_error_what(), "learn message RECORD lacks PARAMS");
    // more episodes than can be counted
    for (int k = 0; k < message.n_tensors; k++)
        if (message.tensors[k].role == SL_TENSOR_EPISODE_RETURN) message.tensors[k].dims[0] = (int64_t)1 << 40;
    batch = sizes;
    assert_int_equal(sl_batch_take(&batch, &message, all, 0), SL_MISMATCH);
    assert_non_null(strstr(sl_error_what(), "EPISODE_RETURN is f64 (1099511627776, 4) where"));
}

static char *read_section(const char *path, const char *from, const char *to) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    static char text[256 * 1024];
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    char *begin = strstr(text, from), *end = begin ? strstr(begin, to) : NULL;
    assert_true(begin && end);
    if (end) *end = '\0';
    return begin;
}

static const char *lower(const char *type) {
    static char text[4];
    for (size_t i = 0; i < sizeof text - 1; i++) {
        text[i] = (char)tolower(type[i]);
        if (!type[i]) break;
    }
    return text;
}

static void the_page_has_these_rows(void **state) {
    (void)state;
    const char *page = read_section(SL_SOURCE_DIR "/proto/README.md", "### Tensors", "### What the networks are");
    char row[512];
    int n_rows = 0;
    for (const char *line = strchr(page, '\n'); line; line = strchr(line + 1, '\n'))
        n_rows += line[1] == '|' && line[3] >= '0' && line[3] <= '9';
    assert_int_equal(n_rows, SL_TENSOR_ROLES - 1);
#define LOOK(number, role, member, type, shape, text)                                                                \
    (void)snprintf(row, sizeof row, "\n| %d | %s | %s %s | %s |\n", number, #role, lower(#type), #shape, text);      \
    if (!strstr(page, row)) fail_msg("proto/README.md has no such row:%s", row);
    SL_BATCH_TENSORS(LOOK)
    SL_LINK_TENSORS(LOOK)
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_comes_back_in_the_order_of_the_rows),
        cmocka_unit_test(each_wrong_tensor_is_refused_by_name),
        cmocka_unit_test(a_refusal_says_what_came_and_what_is_wanted),
        cmocka_unit_test(the_page_has_these_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
