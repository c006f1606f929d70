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
    bool is_help_wanted, is_version_wanted;
    char *defaults_text; /* the file of defaults, which texts below may point into; owned */

    /* the connection */
    const char *host, *unix_path, *bind_address;
    int64_t port;
    bool has_no_delay;
    int64_t keep_alive_s;
    const char *client_id, *client_id_prefix, *user_name, *password;
    char client_id_made[256]; /* when the prefix or MQTT 3.1 asks for one */
    char *url_text;           /* a copy of -L that texts above point into; owned */
    enum umqtt_version version;
    bool keeps_session, has_session_expiry;
    uint32_t session_expiry_s;
    bool is_debug;
    int64_t max_in_flight;
    struct umqtt_will will;
    const char *will_topic, *will_payload;
    int64_t will_qos;
    bool will_retain;
    struct umqtt_properties properties[PROPERTIES_TARGET_COUNT]; /* memory owned */

    /* what is published */
    enum payload_source source;
    const char *payload_text, *payload_path;
    bool retain;
    int64_t repeat_count;
    uint32_t repeat_delay_ms;
    uint16_t topic_alias;

    /* what is subscribed to, and how it is shown; rr: topics is the request's, one */
    struct text_list topics, filters_out, unsubscribes;
    const char *response_topic;
    int64_t qos;
    struct format *format; /* NULL: the payload, or with is_verbose topic and payload; owned */
    bool is_verbose, is_pretty, has_no_newline, ignores_retained, retained_only, removes_retained;
    bool retain_as_published, exits_after_subscribe, no_local;
    int64_t retain_handling;
    int64_t message_count_max; /* 0: no limit */
    int64_t wait_s;            /* -W; 0: for ever */
    double random_percent;     /* 100: every message */
};

/* Sets the defaults of `command`. `program` is kept; `is_plain`: called by a name of mosquitto's.
 * */
void options_init(struct options *options, enum command command, const char *program,
                  bool is_plain);
void options_fini(struct options *options);

/* False: no memory. */
bool text_list_add(struct text_list *list, const char *text);

#endif
