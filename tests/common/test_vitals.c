/* test_vitals.c - the health file and what is made of it, and the datagrams to a service manager. */
#include "common/vitals.h"

#include "common/clock.h"
#include "support/temp_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t second = 1000000000;

// opens with the file; the variable is given again to whoever asks
static void open_with(const char *file) {
    setenv("STARLING_HEALTH", file, 1);
    sl_vitals_open("toy", 3000);
    assert_null(getenv("STARLING_HEALTH"));
    setenv("STARLING_HEALTH", file, 1);
}

static void expect_unhealthy(const char *why) {
    assert_int_equal(sl_vitals_health(), SL_NETWORK);
    if (!strstr(sl_error_what(), why)) fail_msg("'%s' does not say '%s'", sl_error_what(), why);
}

static void health_follows_the_state_and_the_beats(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    unsetenv("STARLING_HEALTH");
    expect_unhealthy("STARLING_HEALTH is not set");
    const char *file = sl_temp_folder_file(&folder, "health");
    setenv("STARLING_HEALTH", file, 1);
    expect_unhealthy("cannot read");
    open_with(file);
    expect_unhealthy("starting");
    sl_vitals_say(SL_VITALS_WAITING, "for a friend");
    assert_int_equal(sl_vitals_health(), SL_OK);
    sl_vitals_say(SL_VITALS_READY, "x");
    assert_int_equal(sl_vitals_health(), SL_OK);
    // the last beat is older than its patience
    sl_vitals_beat(sl_clock_ns() - 4 * second);
    expect_unhealthy("silent for more than 3 s, last toy: x");
    sl_vitals_beat(sl_clock_ns());
    assert_int_equal(sl_vitals_health(), SL_OK);
    // of an earlier start of the machine
    sl_vitals_beat(sl_clock_ns() + 60 * second);
    expect_unhealthy("silent");
    sl_vitals_close();
    assert_int_equal(access(file, F_OK), -1);
    expect_unhealthy("cannot read");
    sl_temp_folder_remove(&folder);
}

static void a_beat_comes_twice_a_second_at_most(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    open_with(sl_temp_folder_file(&folder, "health"));
    sl_vitals_say(SL_VITALS_READY, "");
    int64_t old = sl_clock_ns() - 4 * second;
    sl_vitals_beat(old);
    // too early to be written: the file is as old as before
    sl_vitals_beat(old + second / 2 - 1);
    expect_unhealthy("silent");
    sl_vitals_beat(sl_clock_ns());
    assert_int_equal(sl_vitals_health(), SL_OK);
    sl_vitals_close();
    // closed: nobody is told
    sl_vitals_beat(INT64_MAX - 1);
    sl_vitals_say(SL_VITALS_READY, "nobody hears it");
    sl_temp_folder_remove(&folder);
}

static void what_is_no_health_file_is_not_healthy(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char long_text[300];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    const char *const texts[] = {"", "ready", "starling-health-1 99 ready", long_text};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        setenv("STARLING_HEALTH", sl_temp_folder_write_text(&folder, "health", texts[i]), 1);
        expect_unhealthy("is not a health file");
    }
    // where nothing can be written the program goes on
    open_with("/nonexistent/health");
    sl_vitals_say(SL_VITALS_READY, "");
    sl_vitals_beat(sl_clock_ns());
    expect_unhealthy("cannot read");
    sl_vitals_close();
    // a link that lies there is not followed
    const char *link = sl_temp_folder_file(&folder, "link"), *target = sl_temp_folder_file(&folder, "target");
    assert_int_equal(symlink(target, link), 0);
    open_with(link);
    assert_int_equal(access(target, F_OK), -1);
    sl_vitals_close();
    // nor is one taken over that another program keeps
    const char *kept = sl_temp_folder_write_text(&folder, "kept", "of another");
    int fd = open(kept, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    open_with(kept);
    sl_vitals_say(SL_VITALS_READY, "");
    expect_unhealthy("is not a health file");
    sl_vitals_close();
    assert_int_equal(access(kept, F_OK), 0);
    close(fd);
    sl_temp_folder_remove(&folder);
}

static int listen_at(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(name);
    memcpy(address.sun_path, name, n);
    if (name[0] == '@') address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, bytes), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static void expect_message(int fd, const char *text) {
    char got[256] = "";
    if (recv(fd, got, sizeof got - 1, 0) < 0) fail_msg("no message came, not '%s'", text);
    assert_string_equal(got, text);
}

static void expect_silence(int fd) {
    char got[256];
    assert_int_equal(recv(fd, got, sizeof got, 0), -1);
}

static void a_manager_is_told(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char abstract[64];
    snprintf(abstract, sizeof abstract, "@starling-test-%ld", (long)getpid());
    const char *const names[] = {sl_temp_folder_file(&folder, "notify"), abstract};
    unsetenv("STARLING_HEALTH");
    for (int i = 0; i < 2; i++) {
        int fd = listen_at(names[i]);
        setenv("WATCHDOG_USEC", "300000", 1);
        sl_vitals_open("toy", 3000);
        assert_true(!getenv("NOTIFY_SOCKET") && !getenv("WATCHDOG_USEC"));
        sl_vitals_say(SL_VITALS_WAITING, "for a\nfriend");
        expect_message(fd, "STATUS=for a friend");
        sl_vitals_say(SL_VITALS_READY, "flying");
        expect_message(fd, "READY=1\nSTATUS=flying");
        sl_vitals_say(SL_VITALS_READY, "still");
        expect_message(fd, "STATUS=still");
        // a third of the watchdog's time
        sl_vitals_beat(second);
        expect_message(fd, "WATCHDOG=1");
        sl_vitals_beat(second + 99999999);
        expect_silence(fd);
        sl_vitals_beat(second + 100000000);
        expect_message(fd, "WATCHDOG=1");
        sl_vitals_close();
        expect_message(fd, "STOPPING=1");
        sl_vitals_beat(10 * second);
        expect_silence(fd);
        close(fd);
    }
    sl_temp_folder_remove(&folder);
}

static void a_watchdog_of_another_process_is_not_fed(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    int fd = listen_at(sl_temp_folder_file(&folder, "notify"));
    setenv("WATCHDOG_USEC", "300000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    sl_vitals_open("toy", 3000);
    sl_vitals_beat(second);
    expect_silence(fd);
    sl_vitals_close();
    close(fd);
    // nobody listens, or it is no address at all: the program goes on
    setenv("NOTIFY_SOCKET", sl_temp_folder_file(&folder, "nobody"), 1);
    sl_vitals_open("toy", 3000);
    sl_vitals_say(SL_VITALS_READY, "");
    sl_vitals_close();
    setenv("NOTIFY_SOCKET", "vsock:2:1", 1);
    sl_vitals_open("toy", 3000);
    sl_vitals_say(SL_VITALS_READY, "");
    sl_vitals_close();
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_follows_the_state_and_the_beats),
        cmocka_unit_test(a_beat_comes_twice_a_second_at_most),
        cmocka_unit_test(what_is_no_health_file_is_not_healthy),
        cmocka_unit_test(a_manager_is_told),
        cmocka_unit_test(a_watchdog_of_another_process_is_not_fed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
