/* yaml.c - an experiment's YAML to texts and back, by libcyaml. Its schema is made once from the key
 * table: every scalar is an optional string, so that presence is known (libcyaml has no defaults), numbers keep all
 * their digits (it writes six) and --set goes through the same reader of values. libcyaml still checks what is
 * structure: syntax, unknown and repeated keys, mappings and lists where they belong. What it would pass over in
 * silence (tags, anchors, zero bytes) is looked for in libyaml's events first. Any thread. */
#include "experiment/impl.h"

#include "common/alloc.h"
#include "common/assert.h"

#include <cyaml/cyaml.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum { MAX_FIELDS = 512, MAX_LISTS = 8, NAME_SIZE = 32, MAX_PATH = 256 };

static cyaml_schema_field_t fields[MAX_FIELDS];
static char section_names[MAX_FIELDS][NAME_SIZE];
static int n_fields;

static cyaml_schema_value_t documents[SL_EXP_PARTS], entry_schemas[MAX_LISTS];
static int n_entry_schemas;
static const cyaml_schema_value_t text_schema = {
    .type = CYAML_STRING,
    .flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
    .data_size = sizeof(char),
    .string = {.min = 0, .max = SL_EXP_MAX_TEXT - 1},
};

static size_t component_length(const char *path) {
    return strcspn(path, ".");
}

// the end of the run of keys from begin that share its component at prefix
static int run_end(const sl_exp_table *table, int begin, int end, size_t prefix) {
    size_t length = prefix + component_length(table->keys[begin].path + prefix);
    int i = begin + 1;
    while (i < end && strncmp(table->keys[i].path, table->keys[begin].path, length) == 0 &&
           table->keys[i].path[length] == '.') {
        i++;
    }
    return i;
}

static const cyaml_schema_field_t *build(const sl_exp_table *table, int begin, int end, size_t prefix);

static const cyaml_schema_value_t *entry_schema(const sl_exp_table *table) {
    SL_ASSERT(n_entry_schemas < MAX_LISTS);
    cyaml_schema_value_t *schema = &entry_schemas[n_entry_schemas++];
    *schema = (cyaml_schema_value_t){
        .type = CYAML_MAPPING,
        .data_size = sizeof(sl_exp_raw),
        .mapping = {.fields = build(table, 0, table->n_keys, 0)},
    };
    return schema;
}

static cyaml_schema_field_t list_field(const char *name, int index, const sl_exp_list *list) {
    return (cyaml_schema_field_t){
        .key = name,
        .data_offset = (uint32_t)((size_t)index * sizeof(sl_exp_cell)),
        .count_offset = (uint32_t)(offsetof(sl_exp_raw, counts) + (size_t)index * sizeof(unsigned)),
        .count_size = sizeof(unsigned),
        .value = {.type = CYAML_SEQUENCE,
                  .flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                  .data_size = list->table ? sizeof(sl_exp_raw) : sizeof(char *),
                  .sequence = {.entry = list->table ? entry_schema(list->table) : &text_schema,
                               .min = list->least,
                               .max = list->most}},
    };
}

// the fields of the mapping that holds keys [begin, end), whose paths share their first prefix bytes. A section lies
// at offset 0 of its parent, so that all of them write into the one sl_exp_raw of the outermost mapping.
static const cyaml_schema_field_t *build(const sl_exp_table *table, int begin, int end, size_t prefix) {
    int n = 0;
    for (int i = begin; i < end; i = run_end(table, i, end, prefix)) n++;
    SL_ASSERT(n_fields + n + 1 <= MAX_FIELDS);
    cyaml_schema_field_t *out = &fields[n_fields];
    char(*names)[NAME_SIZE] = &section_names[n_fields];
    n_fields += n + 1;
    for (int i = begin, k = 0; i < end; k++) {
        const char *name = table->keys[i].path + prefix;
        size_t length = component_length(name);
        int next = run_end(table, i, end, prefix);
        if (name[length] == '\0' && table->keys[i].list) {
            out[k] = list_field(name, i, table->keys[i].list);
        } else if (name[length] == '\0') {
            out[k] = (cyaml_schema_field_t){
                .key = name, .data_offset = (uint32_t)((size_t)i * sizeof(sl_exp_cell)), .value = text_schema};
        } else {
            SL_ASSERT(length < NAME_SIZE);
            memcpy(names[k], name, length);
            out[k] = (cyaml_schema_field_t){
                .key = names[k],
                .value = {.type = CYAML_MAPPING,
                          .flags = CYAML_FLAG_OPTIONAL,
                          .data_size = sizeof(sl_exp_raw),
                          .mapping = {.fields = build(table, i, next, prefix + length + 1)}},
            };
        }
        i = next;
    }
    return out;
}

_Static_assert(offsetof(sl_exp_raw, cells) == 0, "the cell of key i lies i cells into its mapping");

// a whole document that has keys [begin, end) of an experiment
static cyaml_schema_value_t document(int begin, int end) {
    return (cyaml_schema_value_t){
        .type = CYAML_MAPPING,
        .flags = CYAML_FLAG_POINTER,
        .data_size = sizeof(sl_exp_raw),
        .mapping = {.fields = build(sl_exp_top(), begin, end, 0)},
    };
}

static void build_schemas(void) {
    const sl_exp_table *top = sl_exp_top();
    int links = 0;
    while (strncmp(top->keys[links].path, "links.", 6) != 0) links++;
    // the section stands last
    SL_ASSERT(run_end(top, links, top->n_keys, 0) == top->n_keys);
    documents[SL_EXP_WHOLE] = document(0, top->n_keys);
    documents[SL_EXP_LINKS] = document(links, top->n_keys);
    documents[SL_EXP_BUT_LINKS] = document(0, links);
}

// what libcyaml said while it failed
typedef struct complaint {
    char reason[160];
    char path[MAX_PATH]; /* of the value or section that it was in */
    unsigned near_line;  /* of the last thing read before, 0 = it gave none */
} complaint;

static void prepend(complaint *self, const char *text, const char *separator) {
    char path[MAX_PATH];
    memcpy(path, self->path, sizeof path);
    bool plain = path[0] == '\0' || path[0] == '[';
    (void)snprintf(self->path, sizeof self->path, "%s%s%.180s", text, plain ? "" : separator, path);
}

// a line of libcyaml's: the reason first, then from the inside out the fields and entries that it stood in
static void take_line(complaint *self, char *line) {
    char name[NAME_SIZE], index[16];
    unsigned number;
    char *place = strstr(line, " (line: ");
    if (place && !self->near_line) (void)sscanf(place, " (line: %u,", &self->near_line);
    if (sscanf(line, "  in mapping field '%31[a-z_]'", name) == 1) {
        prepend(self, name, ".");
    } else if (sscanf(line, "  in sequence entry '%u'", &number) == 1) {
        (void)snprintf(index, sizeof index, "[%u]", number ? number - 1 : 0);
        prepend(self, index, ".");
    } else if (strncmp(line, "  in", 4) != 0 && !self->reason[0]) {
        const char *text = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
        (void)snprintf(self->reason, sizeof self->reason, "%.150s", text);
    }
}

static void on_log(cyaml_log_t level, void *context, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void on_log(cyaml_log_t level, void *context, const char *format, va_list args) {
    char line[400];
    (void)level;
    (void)vsnprintf(line, sizeof line, format, args);
    line[strcspn(line, "\n")] = '\0';
    take_line(context, line);
}

// libcyaml resizes, the gate does not: the size stands in a header before each block
static void *resize(void *context, void *memory, size_t n_bytes) {
    enum { HEADER = 64 };
    (void)context;
    char *old = memory ? (char *)memory - HEADER : NULL;
    if (n_bytes == 0) {
        sl_free(old);
        return NULL;
    }
    char *block = n_bytes > SIZE_MAX - HEADER ? NULL : sl_alloc(HEADER + n_bytes);
    if (!block) return NULL;
    memcpy(block, &n_bytes, sizeof n_bytes);
    if (old) {
        size_t old_bytes;
        memcpy(&old_bytes, old, sizeof old_bytes);
        memcpy(block + HEADER, memory, old_bytes < n_bytes ? old_bytes : n_bytes);
        sl_free(old);
    }
    return block + HEADER;
}

static cyaml_config_t config_for(complaint *listener) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, build_schemas);
    return (cyaml_config_t){
        .log_fn = on_log,
        .log_ctx = listener,
        .log_level = CYAML_LOG_ERROR,
        .mem_fn = resize,
        .flags = CYAML_CFG_NO_ALIAS | CYAML_CFG_STYLE_BLOCK,
    };
}

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

// libcyaml's words in those of the file's author
static sl_status explain(const char *what, const complaint *self, cyaml_err_t error) {
    const char *reason = self->reason, *path = self->path[0] ? self->path : "the whole file";
    char hint[40] = "", key[MAX_PATH + 160];
    if (self->near_line) (void)snprintf(hint, sizeof hint, "near line %u", self->near_line);
    const char *near = hint[0] ? hint : NULL;
    if (error == CYAML_ERR_OOM) return sl_fail(SL_MEMORY, NULL, "cannot allocate memory to read %s", what);
    if (starts_with(reason, "Unexpected key: ")) {
        const char *name = reason + strlen("Unexpected key: ");
        (void)snprintf(key, sizeof key, "%s%s%s", self->path, self->path[0] ? "." : "", name);
        return sl_exp_unknown_key(what, key);
    }
    if (starts_with(reason, "Mapping field already"))
        return sl_fail(SL_CONFIG, near, "%s: key '%s' is there twice", what, path);
    if (starts_with(reason, "Expecting MAPPING"))
        return sl_fail(SL_CONFIG, near, "%s: key '%s': must be a section of keys", what, path);
    if (starts_with(reason, "Expecting SEQUENCE"))
        return sl_fail(SL_CONFIG, near, "%s: key '%s': must be a list", what, path);
    if (starts_with(reason, "Expecting STRING"))
        return sl_fail(SL_CONFIG, near, "%s: key '%s': must be a single value", what, path);
    if (starts_with(reason, "STRING length"))
        return sl_fail(SL_CONFIG, near, "%s: key '%s': is longer than %d bytes", what, path, SL_EXP_MAX_TEXT - 1);
    if (error == CYAML_ERR_SEQUENCE_ENTRIES_MAX)
        return sl_fail(SL_CONFIG, near, "%s: key '%s': too many entries", what, path);
    if (error == CYAML_ERR_SEQUENCE_ENTRIES_MIN)
        return sl_fail(SL_CONFIG, near, "%s: key '%s': needs at least one entry", what, path);
    if (starts_with(reason, "libyaml: "))
        return sl_fail(SL_CONFIG, near, "%s is not YAML: %s", what, reason + strlen("libyaml: "));
    return sl_fail(SL_CONFIG, near, "%s: %s", what, reason[0] ? reason : cyaml_strerror(error));
}

// what an event says beside its kind
typedef struct node {
    const unsigned char *tag, *anchor, *text;
    size_t length; /* of text */
} node;

static node node_of(const yaml_event_t *event) {
    node out = {0};
    if (event->type == YAML_SCALAR_EVENT) {
        out = (node){event->data.scalar.tag, event->data.scalar.anchor, event->data.scalar.value,
                     event->data.scalar.length};
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        out = (node){.tag = event->data.sequence_start.tag, .anchor = event->data.sequence_start.anchor};
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        out = (node){.tag = event->data.mapping_start.tag, .anchor = event->data.mapping_start.anchor};
    } else if (event->type == YAML_ALIAS_EVENT) {
        out.anchor = event->data.alias.anchor;
    }
    return out;
}

static sl_status check_event(const char *what, const yaml_event_t *event, int *n_documents) {
    char near[40];
    (void)snprintf(near, sizeof near, "near line %zu", event->start_mark.line + 1);
    node found = node_of(event);
    if (found.tag)
        return sl_fail(SL_CONFIG, near, "%s: the tag '%.40s': tags are not supported", what, (const char *)found.tag);
    if (found.anchor) return sl_fail(SL_CONFIG, near, "%s: aliases are not supported", what);
    if (found.text && memchr(found.text, 0, found.length))
        return sl_fail(SL_CONFIG, near, "%s: a zero byte in '%.40s'", what, (const char *)found.text);
    *n_documents += event->type == YAML_DOCUMENT_START_EVENT;
    if (*n_documents > 1) return sl_fail(SL_CONFIG, "remove the line '---'", "%s holds several YAML documents", what);
    return SL_OK;
}

// refuses what libcyaml takes without a word; errors of syntax are left to it
static sl_status check_events(const char *what, const char *text, size_t n_bytes) {
    yaml_parser_t parser;
    yaml_event_t event;
    int n_documents = 0;
    sl_status status = SL_OK;
    if (!yaml_parser_initialize(&parser)) return sl_fail(SL_MEMORY, NULL, "cannot allocate memory to read %s", what);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n_bytes);
    for (bool more = true; more && status == SL_OK && yaml_parser_parse(&parser, &event);) {
        status = check_event(what, &event, &n_documents);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return status;
}

// where in a document an event is; keys of the outermost mapping are at depth 1
typedef struct place {
    int depth;
    bool is_value;
} place;

// whether the event is the key of that name
static bool go_on(place *at, const yaml_event_t *event, const char *name) {
    bool begins = event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT;
    bool ends = event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT;
    bool is_text = event->type == YAML_SCALAR_EVENT, found = false;
    at->depth -= ends;
    if (at->depth == 1 && (begins || is_text)) {
        found = is_text && !at->is_value && strcmp((const char *)event->data.scalar.value, name) == 0;
        at->is_value = !at->is_value;
    }
    at->depth += begins;
    return found;
}

sl_status sl_exp_has_section(const char *what, const char *text, size_t n_bytes, const char *name, bool *out) {
    yaml_parser_t parser;
    yaml_event_t event;
    place at = {0};
    *out = false;
    if (!yaml_parser_initialize(&parser)) return sl_fail(SL_MEMORY, NULL, "cannot allocate memory to read %s", what);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n_bytes);
    for (bool more = true; more && !*out && yaml_parser_parse(&parser, &event);) {
        *out = go_on(&at, &event, name);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return SL_OK;
}

sl_status sl_exp_raw_read(const char *what, const char *text, size_t n_bytes, sl_exp_raw **out) {
    complaint said = {0};
    cyaml_config_t config = config_for(&said);
    cyaml_data_t *raw = NULL;
    SL_TRY(check_events(what, text, n_bytes));
    cyaml_err_t error =
        cyaml_load_data((const uint8_t *)text, n_bytes, &config, &documents[SL_EXP_WHOLE], &raw, NULL);
    if (error != CYAML_OK) return explain(what, &said, error);
    *out = raw;
    return SL_OK;
}

void sl_exp_raw_free(sl_exp_raw *raw) {
    cyaml_config_t config = config_for(NULL);
    config.log_fn = NULL;
    if (raw) (void)cyaml_free(&config, &documents[SL_EXP_WHOLE], raw, 0);
}

sl_status sl_exp_raw_write(const sl_exp_raw *raw, sl_exp_part part, char **text, size_t *n_bytes) {
    complaint said = {0};
    cyaml_config_t config = config_for(&said);
    char *yaml = NULL;
    size_t n = 0;
    cyaml_err_t error = cyaml_save_data(&yaml, &n, &config, &documents[part], raw, 0);
    if (error == CYAML_ERR_OOM) return sl_fail(SL_MEMORY, NULL, "cannot allocate memory to write an experiment");
    if (error != CYAML_OK) return sl_fail(SL_IO, NULL, "cannot write the experiment: %s", cyaml_strerror(error));
    // the gate's memory has no header
    char *copy = sl_alloc(n + 1);
    if (copy) memcpy(copy, yaml, n);
    (void)resize(NULL, yaml, 0);
    if (!copy) return sl_fail(SL_MEMORY, NULL, "cannot allocate memory to write an experiment");
    *text = copy;
    *n_bytes = n;
    return SL_OK;
}
