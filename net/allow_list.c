/* allow_list.c - tables are made whole and never changed. The refreshing thread works with the newest; one that the
 * other thread has not taken yet lies in between, behind a lock that each holds for a swap of pointers. */
#include "net/allow_list.h"

#include "common/alloc.h"
#include "common/fnv1a.h"
#include "common/log.h"
#include "storage/file.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 1024 + 300 };

/* Sorted by key. */
typedef struct table {
    int n;
    sl_allowed entries[];
} table;

struct sl_allow_list {
    char folder[1024];
    // the refreshing thread's
    uint64_t stamp; /* of the files, as the newest table was read from */
    table *newest;
    bool told_gone;
    // both threads'
    pthread_mutex_t lock;
    table *waiting; /* a copy of the newest, not taken yet */
    atomic_bool is_waiting;
    // the other thread's
    table *taken;
};

static int by_key(const void *a, const void *b) {
    return strcmp(((const sl_allowed *)a)->key, ((const sl_allowed *)b)->key);
}

static const sl_allowed *search(const table *in, const char *key) {
    int from = 0, to = in->n;
    while (from < to) {
        int middle = (from + to) / 2, order = strcmp(key, in->entries[middle].key);
        if (order == 0) return &in->entries[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

static bool is_certificate(const char *file) {
    size_t n = strlen(file);
    return file[0] != '.' && n > 4 && strcmp(file + n - 4, ".key") == 0;
}

// ------------------------------------------------------------------------------------------------------------
// reading

typedef struct reading {
    const char *folder;
    bool strict; /* the first broken file ends it */
    uint64_t stamp;
    int n;
    table *made; /* NULL: only the stamp is wanted */
} reading;

// in any order of the entries the same
static void stamp_file(reading *self, const char *file, const struct stat *about) {
    char facts[160] = "";
    (void)snprintf(facts, sizeof facts, "%lld %lld %lld.%09ld %lld.%09ld", (long long)about->st_ino,
                   (long long)about->st_size, (long long)about->st_mtim.tv_sec, about->st_mtim.tv_nsec,
                   (long long)about->st_ctim.tv_sec, about->st_ctim.tv_nsec);
    self->stamp += sl_fnv1a(sl_fnv1a(SL_FNV1A, file, strlen(file)), facts, strlen(facts));
}

static sl_status check(const reading *self, const char *path, const sl_certificate *certificate) {
    if (certificate->role == SL_ROLE_NONE)
        return sl_fail(SL_CORRUPT, "metadata needs role = \"agent\" (and slots) or role = \"coordinator\"",
                       "%s does not say whose key it is", path);
    for (int i = 0; i < self->n; i++)
        if (strcmp(self->made->entries[i].key, certificate->public_key) == 0)
            return sl_fail(SL_MISMATCH, "each key has one file", "%s holds the key of '%s' again", path,
                           self->made->entries[i].name);
    return SL_OK;
}

// 'starling keys' lists and revokes by name: what it cannot name is not let in either
static sl_status check_name(const char *file, const char *path) {
    char name[SL_KEY_NAME + 1];
    (void)snprintf(name, sizeof name, "%.*s", (int)strlen(file) - 4, file);
    if (sl_key_name_check(name) == SL_OK) return SL_OK;
    return sl_fail(SL_CORRUPT, sl_error_hint(), "%s: %s of a key", path, sl_error_what());
}

static sl_status read_file(reading *self, const char *file, const char *path) {
    sl_certificate certificate;
    sl_status status = sl_certificate_load_public(path, &certificate);
    // it was moved away meanwhile
    if (status == SL_NOT_FOUND) return SL_OK;
    if (status == SL_OK) status = check_name(file, path);
    if (status == SL_OK) status = check(self, path, &certificate);
    if (status != SL_OK && !self->strict) {
        SL_WARN("%s; it allows nobody", sl_error_what());
        return SL_OK;
    }
    SL_TRY(status);
    sl_allowed *entry = &self->made->entries[self->n++];
    memcpy(entry->key, certificate.public_key, sizeof entry->key);
    (void)snprintf(entry->name, sizeof entry->name, "%.*s", (int)strlen(file) - 4, file);
    entry->role = certificate.role;
    entry->slots = certificate.slots;
    return SL_OK;
}

static sl_status scan(reading *self, DIR *stream) {
    int n = 0;
    for (struct dirent *one; (one = readdir(stream)) != NULL;) {
        char path[PATH_BYTES];
        struct stat about;
        if (!is_certificate(one->d_name)) continue;
        (void)snprintf(path, sizeof path, "%s/%s", self->folder, one->d_name);
        if (stat(path, &about) != 0) continue;
        if (++n > SL_ALLOW_MAX)
            return sl_fail(SL_FULL, NULL, "%s holds more than %d keys", self->folder, SL_ALLOW_MAX);
        stamp_file(self, one->d_name, &about);
        if (self->made) SL_TRY(read_file(self, one->d_name, path));
    }
    return SL_OK;
}

static sl_status read_folder(reading *self) {
    DIR *stream = opendir(self->folder);
    if (!stream) return sl_file_fail("read", self->folder);
    sl_status status = scan(self, stream);
    (void)closedir(stream);
    if (status == SL_OK && self->made) {
        self->made->n = self->n;
        qsort(self->made->entries, (size_t)self->n, sizeof self->made->entries[0], by_key);
    }
    return status;
}

static table *make_table(int n) {
    return sl_alloc(sizeof(table) + (size_t)n * sizeof(sl_allowed));
}

static table *copy_table(const table *from) {
    return sl_alloc_copy(from, sizeof *from + (size_t)from->n * sizeof from->entries[0]);
}

// the files as they are now, cut to size
static sl_status read_all(const char *folder, bool strict, uint64_t *stamp, table **out) {
    reading r = {.folder = folder, .strict = strict, .made = make_table(SL_ALLOW_MAX)};
    if (!r.made) return sl_fail(SL_MEMORY, NULL, "no memory for the keys of %s", folder);
    sl_status status = read_folder(&r);
    table *made = status == SL_OK ? copy_table(r.made) : NULL;
    sl_free(r.made);
    SL_TRY(status);
    if (!made) return sl_fail(SL_MEMORY, NULL, "no memory for the keys of %s", folder);
    *stamp = r.stamp;
    *out = made;
    return SL_OK;
}

// ---------------------------------------------------------------------------------------------------------------
// life

sl_status sl_allow_list_open(const char *folder, sl_allow_list **out) {
    sl_allow_list *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a list of keys");
    (void)pthread_mutex_init(&self->lock, NULL);
    (void)snprintf(self->folder, sizeof self->folder, "%s", folder);
    sl_status status = read_all(self->folder, true, &self->stamp, &self->newest);
    if (status == SL_OK && !(self->taken = copy_table(self->newest)))
        status = sl_fail(SL_MEMORY, NULL, "no memory for a list of keys");
    if (status != SL_OK) {
        sl_allow_list_close(&self);
        return status;
    }
    if (self->newest->n == 0) SL_WARN("%s allows nobody yet", folder);
    *out = self;
    return SL_OK;
}

void sl_allow_list_close(sl_allow_list **self) {
    if (!*self) return;
    sl_free((*self)->newest);
    sl_free((*self)->waiting);
    sl_free((*self)->taken);
    (void)pthread_mutex_destroy(&(*self)->lock);
    sl_free(*self);
    *self = NULL;
}

// the other thread's copy first: without it nothing is changed, and the next refresh tries again
static void publish(sl_allow_list *self, uint64_t stamp, table *made) {
    table *copy = copy_table(made);
    if (!copy) {
        sl_free(made);
        return;
    }
    SL_INFO("%s was reread: %d key%s allowed", self->folder, made->n, made->n == 1 ? " is" : "s are");
    sl_free(self->newest);
    self->newest = made;
    self->stamp = stamp;
    (void)pthread_mutex_lock(&self->lock);
    table *stale = self->waiting;
    self->waiting = copy;
    atomic_store(&self->is_waiting, true);
    (void)pthread_mutex_unlock(&self->lock);
    sl_free(stale);
}

void sl_allow_list_refresh(sl_allow_list *self) {
    reading now = {.folder = self->folder};
    uint64_t stamp = 0;
    table *made = NULL;
    sl_status status = read_folder(&now);
    if (status == SL_OK && now.stamp == self->stamp) return;
    if (status == SL_OK) status = read_all(self->folder, false, &stamp, &made);
    if (status == SL_OK) {
        self->told_gone = false;
        publish(self, stamp, made);
        return;
    }
    if (!self->told_gone) SL_WARN("%s", sl_error_what());
    self->told_gone = true;
    bool is_gone = status == SL_NOT_FOUND && self->newest->n > 0;
    if (is_gone && (made = make_table(0)) != NULL) publish(self, 0, made);
}

const sl_allowed *sl_allow_list_find(const sl_allow_list *self, const char *key) {
    return search(self->newest, key);
}

bool sl_allow_list_take(sl_allow_list *self) {
    if (!atomic_load_explicit(&self->is_waiting, memory_order_relaxed)) return false;
    (void)pthread_mutex_lock(&self->lock);
    table *stale = self->taken;
    self->taken = self->waiting;
    self->waiting = NULL;
    atomic_store(&self->is_waiting, false);
    (void)pthread_mutex_unlock(&self->lock);
    sl_free(stale);
    return true;
}

const sl_allowed *sl_allow_list_look_up(const sl_allow_list *self, const char *key) {
    return search(self->taken, key);
}
