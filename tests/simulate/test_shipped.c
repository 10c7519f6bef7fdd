/* test_shipped.c - the programs that ship know of no planted bug: neither the names nor the switch are in them. */
#include "common/alloc.h"
#include "storage/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool holds(const char *path, const char *word) {
    uint8_t *bytes = NULL;
    size_t n = 0, n_word = strlen(word);
    assert_int_equal(sl_file_read(path, (size_t)1 << 29, &bytes, &n), SL_OK);
    bool is_there = false;
    for (size_t i = 0; i + n_word <= n && !is_there; i++) is_there = memcmp(bytes + i, word, n_word) == 0;
    sl_free(bytes);
    return is_there;
}

static void no_program_knows_of_planted_bugs(void **state) {
    (void)state;
    static const char *const programs[] = {SL_BIN_DIR "/starling", SL_BIN_DIR "/starling-coordinator",
                                           SL_BIN_DIR "/starling-agent-16"};
    static const char *const words[] = {"old_incarnation", "decides_twice", "last_record_cut", "sl_plant_is"};
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        // it would be seen
        assert_true(holds(SL_PLANTED_TEST, words[w]));
        for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) assert_false(holds(programs[i], words[w]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_program_knows_of_planted_bugs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
