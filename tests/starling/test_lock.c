/* test_lock.c - a run has one starling; a second one is told which process that is, and the lock dies with its
 * holder.
 */
#include "starling/run/lock.h"

#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void a_second_one_is_told_who_is_there(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    int fd = -1, other = -1;
    char who[64];
    assert_int_equal(sl_lock_folder(folder.path, &fd), SL_OK);
    assert_int_equal(sl_lock_folder(folder.path, &other), SL_IO);
    assert_int_equal(other, -1);
    if (access("/proc/locks", R_OK) == 0) {
        (void)snprintf(who, sizeof who, "is in use by another starling, process %ld", (long)getpid());
        assert_non_null(strstr(sl_error_what(), who));
        (void)snprintf(who, sizeof who, "wait for it, or end it: 'kill %ld'", (long)getpid());
        assert_string_equal(sl_error_hint(), who);
    }
    assert_int_equal(close(fd), 0);
    assert_int_equal(sl_lock_folder(folder.path, &fd), SL_OK);
    assert_int_equal(close(fd), 0);
    sl_temp_folder_remove(&folder);
}

typedef struct second {
    const char *folder;
    sl_status status;
    int fd;
} second;

static void *lock_too(void *context) {
    second *self = context;
    self->status = sl_lock_folder(self->folder, &self->fd);
    return NULL;
}

static void a_holder_that_ends_is_waited_for(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    second other = {.folder = folder.path, .fd = -1};
    pthread_t thread;
    int fd = -1;
    assert_int_equal(sl_lock_folder(folder.path, &fd), SL_OK);
    assert_int_equal(pthread_create(&thread, NULL, lock_too, &other), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(other.status, SL_OK);
    assert_int_equal(close(other.fd), 0);
    sl_temp_folder_remove(&folder);
}

static void what_is_no_folder_is_refused(void **state) {
    (void)state;
    int fd = -1;
    assert_int_equal(sl_lock_folder("/nonexistent/run", &fd), SL_IO);
    assert_int_equal(fd, -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_one_is_told_who_is_there),
        cmocka_unit_test(a_holder_that_ends_is_waited_for),
        cmocka_unit_test(what_is_no_folder_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
