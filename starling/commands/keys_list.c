/* keys_list.c - starling keys list: who has keys in a folder, who is allowed, and which slots. */
#include "starling/commands/command.h"
#include "starling/commands/keys.h"
#include "starling/report/table.h"
#include "starling/run/options.h"
#include "starling/run/output.h"

#include "common/alloc.h"
#include "common/log.h"
#include "storage/file.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_KEYS = 4096, COLUMNS = 6 };

/* Who is in the folder, by name. */
typedef struct owner {
    char name[SL_KEY_NAME];
    bool allowed, revoked;
    sl_certificate certificate; /* without a secret key */
    bool unreadable;
} owner;

typedef struct owners {
    int n;
    owner v[MAX_KEYS];
    sl_status worst;
} owners;

// agent-2 before agent-10
static int by_name(const void *a, const void *b) {
    const char *x = ((const owner *)a)->name, *y = ((const owner *)b)->name;
    size_t letters = strcspn(x, "0123456789"), others = strcspn(y, "0123456789");
    if (letters == others && strncmp(x, y, letters) == 0) {
        size_t n = strspn(x + letters, "0123456789"), m = strspn(y + letters, "0123456789");
        if (n != m) return n < m ? -1 : 1;
    }
    return strcmp(x, y);
}

static owner *find(owners *self, const char *name) {
    for (int i = 0; i < self->n; i++)
        if (strcmp(self->v[i].name, name) == 0) return &self->v[i];
    if (self->n == MAX_KEYS) return NULL;
    owner *new = &self->v[self->n++];
    *new = (owner){.allowed = false};
    memcpy(new->name, name, strlen(name) + 1);
    return new;
}

static sl_status take(owners *self, const char *folder, const char *sub, const char *file) {
    char path[SL_KEYRING_PATH], name[SL_KEY_NAME];
    size_t n = strlen(file), ending = sizeof ".key" - 1;
    if (n <= ending || n - ending >= sizeof name || strcmp(file + n - ending, ".key") != 0) return SL_OK;
    memcpy(name, file, n - ending);
    name[n - ending] = '\0';
    if (sl_key_name_check(name) != SL_OK) return SL_OK;
    // the secret key of 'keys sign', a file of minisign's
    if (sub[0] == '\0' && strcmp(name, "sign") == 0) return SL_OK;
    owner *who = find(self, name);
    if (!who) return sl_fail(SL_FULL, NULL, "%s holds more than %d keys", folder, MAX_KEYS);
    SL_TRY(sl_keys_path(folder, sub, name, ".key", path));
    if (strcmp(sub, "allowed") == 0) who->allowed = true;
    if (strcmp(sub, "revoked") == 0) who->revoked = true;
    // what counts is what the coordinator reads
    sl_status status = sl_certificate_load_public(path, &who->certificate);
    if (status == SL_OK) return SL_OK;
    SL_WARN("%s", sl_error_what());
    who->unreadable = true;
    self->worst = status;
    return SL_OK;
}

static sl_status scan(owners *self, const char *folder, const char *sub, bool needed) {
    char path[SL_KEYRING_PATH];
    SL_TRY(sl_keys_path(folder, sub, "", "", path));
    DIR *stream = opendir(path);
    if (!stream) return needed ? sl_file_fail("read", path) : SL_OK;
    sl_status status = SL_OK;
    for (struct dirent *entry; status == SL_OK && (entry = readdir(stream)) != NULL;)
        status = take(self, folder, sub, entry->d_name);
    (void)closedir(stream);
    return status;
}

static const char *state_of(const owner *who) {
    if (who->unreadable) return "unreadable";
    if (who->allowed) return "allowed";
    return who->revoked ? "revoked" : "-";
}

static bool has_secret(const char *folder, const owner *who) {
    char path[SL_KEYRING_PATH];
    struct stat about;
    return sl_keys_path(folder, "", who->name, ".key_secret", path) == SL_OK && stat(path, &about) == 0;
}

static sl_status print_table(const char *folder, const owners *self) {
    static const char *const titles[COLUMNS] = {"name", "role", "slots", "state", "secret", "key"};
    sl_table *table = NULL;
    SL_TRY(sl_table_create(COLUMNS, COLUMNS, titles, &table));
    sl_status status = SL_OK;
    for (int i = 0; i < self->n && status == SL_OK; i++) {
        const owner *who = &self->v[i];
        char slots[20];
        status = sl_table_add_row(table);
        if (status != SL_OK) break;
        sl_slot_set_print(&who->certificate.slots, sizeof slots, slots);
        sl_table_set(table, 0, "%.28s", who->name);
        sl_table_set(table, 1, "%s", sl_role_name(who->certificate.role));
        if (slots[0]) sl_table_set(table, 2, "%s", slots);
        sl_table_set(table, 3, "%s", state_of(who));
        sl_table_set(table, 4, "%s", has_secret(folder, who) ? "here" : "-");
        if (!who->unreadable) sl_table_set(table, 5, "%.8s", who->certificate.public_key);
    }
    if (status == SL_OK) sl_table_print(table, stdout);
    sl_table_destroy(&table);
    return status;
}

static sl_status print_json(const char *folder, const owners *self) {
    bool failed = false;
    json_t *object = json_object(), *list = json_array();
    for (int i = 0; i < self->n; i++) {
        const owner *who = &self->v[i];
        char slots[2048];
        sl_slot_set_print(&who->certificate.slots, sizeof slots, slots);
        json_t *one = json_object();
        SL_JSON_SET(one, &failed, {"name", json_string(who->name)},
                    {"role", json_string(sl_role_name(who->certificate.role))}, {"slots", json_string(slots)},
                    {"state", json_string(state_of(who))}, {"secret", json_boolean(has_secret(folder, who))},
                    {"key", json_string(who->certificate.public_key)});
        if (json_array_append_new(list, one) != 0) failed = true;
    }
    SL_JSON_SET(object, &failed, {"folder", json_string(folder)}, {"keys", list});
    return sl_json_print(object, failed);
}

static sl_status list_keys(const char *folder, bool json, owners *found) {
    SL_TRY(scan(found, folder, "", true));
    SL_TRY(scan(found, folder, "revoked", false));
    SL_TRY(scan(found, folder, "allowed", true));
    qsort(found->v, (size_t)found->n, sizeof found->v[0], by_name);
    SL_TRY(json ? print_json(folder, found) : print_table(folder, found));
    if (found->worst == SL_OK) return SL_OK;
    return sl_fail(found->worst, "move them away, or put whole ones in their place", "some files of %s are no keys",
                   folder);
}

sl_status sl_cmd_keys_list(const char *path, int argc, char **argv) {
    bool json = false;
    const sl_option options[] = {{"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0}};
    static const char text[] =
        "Lists the keys of a folder: whose they are, which slots an agent may hold, whether it "
        "is allowed, whether the secret file is still here, and how the public key begins.";
    sl_usage usage = {path, "DIR", text, 1, 1, 1, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    owners *found = sl_alloc(sizeof *found);
    if (!found) return sl_fail(SL_MEMORY, NULL, "no memory for a list of keys");
    sl_status status = list_keys(args.v[0], json, found);
    sl_free(found);
    return status;
}
