/* store_dump.c — midge store dump: one line of JSON for each thing, written as it is read. A reader
 * of our output who goes away ends it quietly. */
#include "cli/store_dump.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/store_json.h"
#include "store/store_lmdb.h"

struct dump {
    const struct store_arguments *arguments;
    struct store_inspection *inspection;
    struct output output;
    struct store_json_session session;
    bool has_damage;
};

static int dump_all(struct dump *dump);
static bool put_line(struct dump *dump, char *line);

int store_dump(const struct store_arguments *arguments)
{
    const struct voice *voice = &arguments->voice;
    struct dump *dump = calloc(1, sizeof *dump);
    if (!dump) {
        say_mistake(voice, "There is not enough memory.");
        return STORE_EXIT_NOT_DONE;
    }
    signal(SIGPIPE, SIG_IGN);
    dump->arguments = arguments;
    output_init(&dump->output, STDOUT_FILENO);
    int exit_code = STORE_EXIT_NOT_DONE;
    char failure[STORE_WORDS_SIZE] = "";
    struct store_summary summary = {0};
    struct store_backend *backend = store_lmdb_open_to_read(arguments->path, failure);
    dump->inspection = backend ? store_inspect_open(backend, &summary, failure) : NULL;
    if (!dump->inspection) {
        say_mistake(voice, "%s", failure);
    } else {
        dump->has_damage = summary.is_head_damaged;
        if (put_line(dump, store_json_of_summary(&summary))) {
            exit_code = dump_all(dump);
        }
        store_inspect_close(dump->inspection);
    }
    free(dump);
    return exit_code;
}

static int dump_all(struct dump *dump)
{
    char failure[STORE_WORDS_SIZE] = "";
    struct store_item item;
    while (store_inspect_next(dump->inspection, &item, failure)) {
        dump->has_damage |= item.kind == STORE_ITEM_DAMAGED || item.kind == STORE_ITEM_ASIDE;
        if (!put_line(dump, store_json_of_item(&item, &dump->session))) {
            return STORE_EXIT_NOT_DONE;
        }
    }
    output_flush(&dump->output);
    if (failure[0]) {
        say_mistake(&dump->arguments->voice, "%s", failure);
        return STORE_EXIT_NOT_DONE;
    }
    if (dump->output.is_broken) {
        say_mistake(&dump->arguments->voice, "The output cannot be written: %s.",
                    strerror(dump->output.error));
        return STORE_EXIT_NOT_DONE;
    }
    return dump->has_damage ? STORE_EXIT_DAMAGED : STORE_EXIT_OK;
}

/* `line` is taken. */
static bool put_line(struct dump *dump, char *line)
{
    if (!line) {
        output_flush(&dump->output);
        say_mistake(&dump->arguments->voice, "There is not enough memory.");
        return false;
    }
    output_put_text(&dump->output, line);
    output_put_byte(&dump->output, '\n');
    free(line);
    if (dump->output.is_broken) {
        say_mistake(&dump->arguments->voice, "The output cannot be written: %s.",
                    strerror(dump->output.error));
        return false;
    }
    return true;
}
