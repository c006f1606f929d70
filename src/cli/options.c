/* options.c — the defaults, which are mosquitto's, and the end of what is owned. */
#include "cli/options.h"

#include <stdlib.h>

#include "cli/format.h"

#define KEEP_ALIVE_DEFAULT_S  60
#define MAX_IN_FLIGHT_DEFAULT 20
#define TEXTS_FIRST           8

void options_init(struct options *options, enum command command, const char *program, bool is_plain)
{
    *options = (struct options){
        .command = command,
        .host = "localhost",
        .port = 1883,
        .keep_alive_s = KEEP_ALIVE_DEFAULT_S,
        .max_in_flight = MAX_IN_FLIGHT_DEFAULT,
        .repeat_count = 1,
        .random_percent = 100,
        .version = command == COMMAND_RR ? UMQTT_5 : UMQTT_3_1_1,
    };
    voice_init(&options->voice, program, is_plain);
}

void options_fini(struct options *options)
{
    for (size_t i = 0; i < PROPERTIES_TARGET_COUNT; i++) {
        free(options->properties[i].data);
    }
    free(options->topics.texts);
    free(options->filters_out.texts);
    free(options->unsubscribes.texts);
    free(options->url_text);
    free(options->defaults_text);
    format_free(options->format);
}

bool text_list_add(struct text_list *list, const char *text)
{
    /* Grows at 8, 16, 32 …: whenever the count is such a power and the list is full. */
    bool is_full =
        list->count == 0 || (list->count >= TEXTS_FIRST && (list->count & (list->count - 1)) == 0);
    if (is_full) {
        size_t room = list->count ? list->count * 2 : TEXTS_FIRST;
        const char **texts = realloc(list->texts, room * sizeof(*texts));
        if (!texts) {
            return false;
        }
        list->texts = texts;
    }
    list->texts[list->count++] = text;
    return true;
}
