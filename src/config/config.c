/* config.c — reads the configuration: file by file, line by line, row by row; then settles what
 * only the whole can say (which listeners there are, and whom they let in).
 *
 * The happy path: config_load → load_file → load_text → load_line → a reader of config_values.c or
 * config_special.c → finish. An error never stops the reading: a person should see all of them at
 * once. What can go wrong is what people write. */
#include "config/config.h"

#include "config/config_files.h"
#include "config/config_finish.h"
#include "config/config_loader.h"
#include "config/config_special.h"
#include "config/config_values.h"
#include "config/nearest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static bool loader_init(struct config_loader *loader, struct config *config,
                        struct config_report *report);
static bool load_finish(struct config_loader *loader, const struct config_overrides *overrides);
static void load_file(struct config_loader *loader, const char *path);
static void load_text(struct config_loader *loader, const char *bytes, size_t size);
static void load_line(struct config_loader *loader, struct config_text *text);
static void load_unknown(struct config_loader *loader, const char *name);
static void load_refused(struct config_loader *loader, const struct directive *directive,
                         const char *name);
static bool check_again(struct config_loader *loader, const struct directive *directive);
static void load_directory(struct config_loader *loader, const char *directory);
static const char *keep_name(struct config_loader *loader, const char *name);

bool config_load(const char *path, const struct config_overrides *overrides, struct config *config,
                 struct config_report *report)
{
    struct config_loader loader;
    config_settings_default(config);
    if (!loader_init(&loader, config, report)) {
        return false;
    }
    if (path) {
        load_file(&loader, path);
    }
    return load_finish(&loader, overrides);
}

bool config_load_text(const char *text, size_t text_size, const char *name,
                      const struct config_overrides *overrides, struct config *config,
                      struct config_report *report)
{
    struct config_loader loader;
    config_settings_default(config);
    if (!loader_init(&loader, config, report)) {
        return false;
    }
    loader.place = (struct config_place){.file = keep_name(&loader, name)};
    load_text(&loader, text, text_size);
    return load_finish(&loader, overrides);
}

void config_default(struct config *config)
{
    struct config_report report;
    config_report_init(&report);
    bool loaded = config_load(NULL, NULL, config, &report);
    assert(loaded);
    (void)loaded;
    config_report_fini(&report);
}

void config_free(struct config *config)
{
    config_settings_free(config);
}

static bool loader_init(struct config_loader *loader, struct config *config,
                        struct config_report *report)
{
    assert(directive_count <= CONFIG_DIRECTIVES_MAX);
    *loader = (struct config_loader){
        .config = config,
        .report = report,
        .current = CONFIG_NO_LISTENER,
        .draft_count = 1,
    };
    loader->drafts = calloc(CONFIG_LISTENERS_MAX + 1, sizeof *loader->drafts);
    config->files = calloc(CONFIG_INCLUDED_FILES_MAX + 1, sizeof *config->files);
    config->listeners = calloc(CONFIG_LISTENERS_MAX + 1, sizeof *config->listeners);
    if (!loader->drafts || !config->files || !config->listeners) {
        loader_error(loader, "there is not enough memory for a configuration");
        free(loader->drafts);
        return false;
    }
    struct config_listener *door = &loader->drafts[CONFIG_DEFAULT_LISTENER].listener;
    listener_options_default(&door->listener);
    link_options_default(&door->link);
    door->link.port = door->listener.port;
    return true;
}

static bool load_finish(struct config_loader *loader, const struct config_overrides *overrides)
{
    static const struct config_overrides none;
    config_finish(loader, overrides ? overrides : &none);
    free(loader->drafts);
    config_report_close(loader->report);
    return loader->report->error_count == 0;
}

static void load_file(struct config_loader *loader, const char *path)
{
    char *bytes;
    size_t size;
    const char *why;
    const struct config_place outer = loader->place;
    if (!config_files_read(path, &bytes, &size, &why)) {
        const struct config_place place = {.file = path};
        config_report_add(loader->report, CONFIG_ERROR, place,
                          "cannot be read: %s; check its name and rights", why);
        return;
    }
    const char *name = keep_name(loader, path);
    if (name) {
        loader->place = (struct config_place){.file = name};
        load_text(loader, bytes, size);
    }
    free(bytes);
    loader->place = outer;
}

static void load_text(struct config_loader *loader, const char *bytes, size_t size)
{
    struct config_text *text = malloc(sizeof *text);
    if (!text) {
        loader_error(loader, "there is not enough memory to read this file");
        return;
    }
    config_text_init(text, bytes, size);
    for (;;) {
        enum config_text_result result = config_text_next(text);
        loader->place.line = text->line;
        switch (result) {
        case CONFIG_TEXT_LINE: load_line(loader, text); break;
        case CONFIG_TEXT_TOO_LONG:
            loader_error(loader, "the line is longer than 64 KiB; shorten it");
            break;
        case CONFIG_TEXT_ZERO:
            loader_error(loader, "the line holds a zero byte; is this a text file in UTF-8?");
            break;
        case CONFIG_TEXT_NOT_UTF8:
            loader_error(loader, "the line is not UTF-8; save the file as UTF-8");
            break;
        case CONFIG_TEXT_END: free(text); return;
        }
    }
}

static void load_line(struct config_loader *loader, struct config_text *text)
{
    const struct directive *directive = directive_find(text->name);
    if (!directive) {
        load_unknown(loader, text->name);
        return;
    }
    if (directive->state != DIRECTIVE_WORKS) {
        load_refused(loader, directive, text->name);
        return;
    }
    if (!check_again(loader, directive)) {
        return;
    }
    if (directive->type == DIRECTIVE_INCLUDE_DIR) {
        load_directory(loader, text->rest);
    } else if (directive->type <= DIRECTIVE_TEXT && directive->scope != DIRECTIVE_OF_WHOM_IT_MAY) {
        config_values_read(loader, directive, text->rest);
    } else {
        config_special_read(loader, directive, text->rest);
    }

    size_t row = (size_t)(directive - directives);
    struct config_draft *draft = NULL;
    if (directive->scope != DIRECTIVE_OF_THE_BROKER && loader->current != CONFIG_NO_LISTENER) {
        draft = &loader->drafts[loader->current];
    }
    if (draft && (directive->scope == DIRECTIVE_OF_A_LISTENER || loader->per_listener_settings)) {
        draft->seen[row] = loader->place;
        struct config_listener plain = {0};
        listener_options_default(&plain.listener);
        link_options_default(&plain.link);
        if (loader->current == CONFIG_DEFAULT_LISTENER && !loader->default_change.file &&
            directive->size > 0 && !config_values_equal(directive, &plain, &draft->listener)) {
            loader->default_change = loader->place;
        }
    } else {
        loader->seen[row] = loader->place;
    }
}

static void load_unknown(struct config_loader *loader, const char *name)
{
    if (strncmp(name, "plugin_opt_", 11) == 0 || strncmp(name, "auth_opt_", 9) == 0) {
        load_refused(loader, directive_find("plugin"), name);
        return;
    }
    if (loader->report->error_count >= CONFIG_ERRORS_MAX) {
        loader_error(loader, "only counted"); /* nobody reads it: spare the search */
        return;
    }
    char start[NEAREST_NAME_SIZE_MAX];
    size_t size = strcspn(name, "=:");
    if (name[size] && size > 0 && size < sizeof start) {
        memcpy(start, name, size);
        start[size] = '\0';
        if (directive_find(start)) {
            loader_error(loader, "\"%s\": a value stands behind a blank; write %s VALUE", name,
                         start);
            return;
        }
    }
    const char *nearest = nearest_directive(name);
    if (nearest) {
        loader_error(loader, "\"%.64s\" is not a directive; did you mean %s?", name, nearest);
    } else {
        loader_error(loader,
                     "\"%.64s\" is not a directive; midge.conf(5) and midged --help list them all",
                     name);
    }
}

static void load_refused(struct config_loader *loader, const struct directive *directive,
                         const char *name)
{
    /* A bridge, or a plugin, has many lines: the first one tells all. */
    struct config_place *first = NULL;
    if (directive->state == DIRECTIVE_IS_A_BRIDGES) {
        first = &loader->bridge_place;
    } else if (directive->group == GROUP_WHO && directive->state == DIRECTIVE_IS_REFUSED) {
        first = &loader->plugin_place;
    }
    if (first && first->file) {
        return;
    }
    if (first) {
        *first = loader->place;
    }
    loader_error(loader, "%s: %s", name, directive->sentence);
}

static bool check_again(struct config_loader *loader, const struct directive *directive)
{
    const struct config_place *seen = loader->seen;
    if (directive->type == DIRECTIVE_PORT || directive->type == DIRECTIVE_BIND_ADDRESS) {
        seen = loader->drafts[CONFIG_DEFAULT_LISTENER].seen;
    } else if (loader->current != CONFIG_NO_LISTENER &&
               (directive->scope == DIRECTIVE_OF_A_LISTENER ||
                (directive->scope == DIRECTIVE_OF_WHOM_IT_MAY && loader->per_listener_settings))) {
        seen = loader->drafts[loader->current].seen;
    }
    seen += directive - directives;
    if (seen->line == 0 || directive->again == AGAIN_ADDS) {
        return true;
    }
    if (directive->again == AGAIN_ONCE) {
        loader_error(loader, "%s stands already at %s:%u; remove one of the two lines",
                     directive->name, seen->file, (unsigned)seen->line);
        return false;
    }
    loader_warning(loader, "%s stands already at %s:%u; this later line holds", directive->name,
                   seen->file, (unsigned)seen->line);
    return true;
}

static void load_directory(struct config_loader *loader, const char *directory)
{
    char **paths;
    size_t count;
    const char *why;
    if (loader->in_included_file) {
        loader_error(loader,
                     "an included file cannot include others; write this into the main file");
        return;
    }
    if (*directory == '\0') {
        loader_error(loader, "include_dir says nothing; write a directory behind it");
        return;
    }
    if (!config_files_list(directory, &paths, &count, &why)) {
        loader_error(loader, "include_dir %s cannot be read: %s; check its name and rights",
                     directory, why);
        return;
    }
    /* Each file begins above any listener line of its own; afterwards the one here goes on. */
    const int current = loader->current;
    loader->in_included_file = true;
    for (size_t index = 0; index < count; index++) {
        loader->current = CONFIG_NO_LISTENER;
        load_file(loader, paths[index]);
    }
    loader->in_included_file = false;
    loader->current = current;
    config_files_free(paths, count);
}

/* A copy of `name` that lives as long as the config, or NULL after an error. */
static const char *keep_name(struct config_loader *loader, const char *name)
{
    struct config *config = loader->config;
    if (config->file_count > CONFIG_INCLUDED_FILES_MAX) {
        loader_error(loader, "more than %d files are included; put some together",
                     CONFIG_INCLUDED_FILES_MAX);
        return NULL;
    }
    char *copy = strdup(name);
    if (!copy) {
        loader_error(loader, "there is not enough memory");
        return NULL;
    }
    config->files[config->file_count++] = copy;
    return copy;
}
