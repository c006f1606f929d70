/* options.h — what the person asked for.
 *
 * command_line.h reads it from the arguments by the table of options (options.def); options_check.h
 * sees whether it fits together. */
#ifndef MIDGE_CLI_OPTIONS_H
#define MIDGE_CLI_OPTIONS_H

#include <stdint.h>

#include "cli/say.h"
#include "umqtt.h"

enum command { COMMAND_PUB = 1, COMMAND_SUB = 2, COMMAND_RR = 4 };

/* Whose properties -D sets. */
enum property_target {
    PROPERTIES_CONNECT,
    PROPERTIES_PUBLISH,
    PROPERTIES_SUBSCRIBE,
    PROPERTIES_UNSUBSCRIBE,
    PROPERTIES_DISCONNECT,
    PROPERTIES_WILL,
    PROPERTIES_TARGET_COUNT,
};

/* Texts in the order given; they point into the command line. */
struct text_list {
    const char **texts;
    size_t count;
};

enum payload_source {
    PAYLOAD_NONE,
    PAYLOAD_TEXT,  /* -m */
    PAYLOAD_EMPTY, /* -n */
    PAYLOAD_FILE,  /* -f */
    PAYLOAD_STDIN, /* -s */
    PAYLOAD_LINES, /* -l */
};

struct format;

struct options {
    struct voice voice;
    enum command command;
    enum umqtt_version version;

    /* the connection */
    const char *host, *unix_path, *bind_address;
    int64_t port, keep_alive_s;
    const char *client_id, *client_id_prefix, *user_name, *password;
    char client_id_made[256]; /* when the prefix or MQTT 3.1 asks for one */
    const char *will_topic, *will_payload;
    int64_t will_qos;
    struct umqtt_will will;
    struct umqtt_properties properties[PROPERTIES_TARGET_COUNT]; /* memory owned */

    /* what is published */
    const char *payload_text, *payload_path;
    int64_t max_in_flight, repeat_count;

    /* what is subscribed to, and how it is shown; pub and rr have one topic */
    struct text_list topics, filters_out, unsubscribes;
    const char *response_topic;
    int64_t qos, retain_handling;
    struct format *format;     /* NULL: the payload, or with is_verbose topic and payload; owned */
    int64_t message_count_max; /* 0: no limit */
    int64_t wait_s;            /* -W; 0: for ever */
    double random_percent;     /* 100: every message */

    char *url_text;      /* a copy of -L that texts above point into; owned */
    char *defaults_text; /* the file of defaults, likewise; owned */

    /* the small things of all of these */
    enum payload_source source;
    uint32_t session_expiry_s, repeat_delay_ms;
    uint16_t topic_alias;
    bool has_no_delay, keeps_session, has_session_expiry, retain, will_retain;
    bool is_verbose, is_pretty, has_no_newline, ignores_retained, retained_only, removes_retained;
    bool retain_as_published, no_local, exits_after_subscribe;
    bool is_debug, is_help_wanted, is_version_wanted;
};

/* Sets the defaults of `command`. `program` is kept; `is_plain`: called by a name of mosquitto's.
 * */
void options_init(struct options *options, enum command command, const char *program,
                  bool is_plain);
void options_fini(struct options *options);

/* False: no memory. */
bool text_list_add(struct text_list *list, const char *text);

#endif
