/* options_check.c — do the options fit together? And what follows from them: the will, the client
 * identifier, the Session Expiry Interval. Every refusal says what to add or to leave out. */
#include "cli/options_check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "cli/properties_option.h"
#include "topic/topic_name.h"

#define SESSION_FOR_EVER UINT32_MAX
#define ID_MADE_LENGTH   18 /* "midge-" and so many: 3.1 allows 23 characters */

static bool check_topics(struct options *options);
static bool check_publication(struct options *options);
static bool check_will(struct options *options);
static bool check_identity(struct options *options);
static bool check_session(struct options *options);
static bool make_client_id(struct options *options);
static bool mistake(const struct options *options, const char *words);

bool options_check(struct options *options)
{
    return check_topics(options) && check_publication(options) && check_will(options) &&
           check_identity(options) && check_session(options);
}

static bool check_topics(struct options *options)
{
    if (options->command == COMMAND_SUB) {
        if (options->topics.count == 0) {
            return mistake(options, "A topic to subscribe to is missing: -t TOPIC.");
        }
        if (options->ignores_retained && options->retained_only) {
            return mistake(options, "-R and --retained-only together would show nothing.");
        }
        if (options->version != UMQTT_5 &&
            (options->retain_as_published || options->no_local || options->retain_handling)) {
            /* mosquitto drops --retain-as-published silently; so do we, but for our own two. */
            options->retain_as_published = false;
            if (options->no_local || options->retain_handling) {
                return mistake(options, "--no-local and --retain-handling need MQTT 5: add -V 5.");
            }
        }
    }
    if (options->command == COMMAND_RR) {
        if (!options->response_topic || options->topics.count == 0) {
            return mistake(options, "The topic of the request (-t) and that of the response (-e) "
                                    "must both be given.");
        }
        if (!topic_name_is_valid(bytes_of_text(options->response_topic))) {
            return mistake(options, "-e: the response topic must be one that can be published to, "
                                    "without + and #.");
        }
    }
    return true;
}

static bool check_publication(struct options *options)
{
    if (options->command == COMMAND_SUB) {
        return true;
    }
    if (options->topics.count == 0 || options->source == PAYLOAD_NONE) {
        return mistake(options, "A topic (-t TOPIC) and a message (-m TEXT, -f FILE, -l, -s or -n) "
                                "are needed.");
    }
    if (!*options->topics.texts[0]) {
        return mistake(options, "-t: the topic is empty.");
    }
    return true;
}

static bool check_will(struct options *options)
{
    if (!options->will_topic) {
        if (options->will_payload || options->will_retain || options->will_qos ||
            options->properties[PROPERTIES_WILL].size) {
            return mistake(options, "A will needs a topic: add --will-topic TOPIC.");
        }
        return true;
    }
    if (!topic_name_is_valid(bytes_of_text(options->will_topic))) {
        return mistake(options, "--will-topic: the wildcards + and # are for subscribers.");
    }
    if (options->will_payload && strlen(options->will_payload) > UINT16_MAX) {
        return mistake(options, "--will-payload: at most 65535 bytes.");
    }
    options->will = (struct umqtt_will){
        .topic = umqtt_text(options->will_topic),
        .payload = umqtt_text(options->will_payload ? options->will_payload : ""),
        .properties = umqtt_properties_bytes(&options->properties[PROPERTIES_WILL]),
        .qos = (uint8_t)options->will_qos,
        .retain = options->will_retain,
    };
    return true;
}

static bool check_identity(struct options *options)
{
    if (options->client_id && options->client_id_prefix) {
        return mistake(options, "-i and -I cannot be used together.");
    }
    if (options->password && !options->user_name && options->version != UMQTT_5) {
        return mistake(options, "A password needs a user name: add -u NAME.");
    }
    if (options->password && strlen(options->password) > UINT16_MAX) {
        return mistake(options, "-P: at most 65535 bytes.");
    }
    return make_client_id(options);
}

/* -c means a session that does not end, unless -x names its time. */
static bool check_session(struct options *options)
{
    bool is_for_ever = options->has_session_expiry && options->session_expiry_s == SESSION_FOR_EVER;
    if (options->keeps_session && !options->client_id) {
        return mistake(options, "-c keeps a session, so the broker must know you by name: "
                                "add -i ID.");
    }
    if (is_for_ever && options->version == UMQTT_5 && !options->client_id) {
        return mistake(options, "A session without end needs a name: add -i ID.");
    }
    if (options->version != UMQTT_5) {
        return true;
    }
    if (options->keeps_session && !options->has_session_expiry) {
        options->session_expiry_s = SESSION_FOR_EVER;
    } else if (!options->has_session_expiry) {
        return true;
    }
    struct umqtt_property property = {
        .id = UMQTT_SESSION_EXPIRY_INTERVAL,
        .number = options->session_expiry_s,
    };
    struct umqtt_property other;
    if (umqtt_property_find(umqtt_properties_bytes(&options->properties[PROPERTIES_CONNECT]),
                            UMQTT_SESSION_EXPIRY_INTERVAL, &other)) {
        if (options->has_session_expiry) {
            return mistake(options, "The session expiry interval is given twice: by -x and by -D.");
        }
        return true;
    }
    return properties_option_add(options, PROPERTIES_CONNECT, &property) == UMQTT_OK;
}

/* From 3.1.1 on the server makes up an identifier; 3.1 wants one. */
static bool make_client_id(struct options *options)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char *made = options->client_id_made;
    size_t size = sizeof(options->client_id_made);
    if (options->client_id_prefix) {
        int length = snprintf(made, size, "%s%ld", options->client_id_prefix, (long)getpid());
        if ((size_t)length >= size) {
            return mistake(options, "-I: the prefix is too long.");
        }
        options->client_id = made;
    } else if (!options->client_id && options->version == UMQTT_3_1) {
        struct timespec now;
        struct random random;
        clock_gettime(CLOCK_REALTIME, &now);
        random_seed(&random,
                    (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 20);
        size_t length = (size_t)snprintf(made, size, "midge");
        while (length < 5 + ID_MADE_LENGTH) {
            made[length++] = letters[random_below(&random, sizeof(letters) - 1)];
        }
        made[length] = 0;
        options->client_id = made;
    }
    return true;
}

static bool mistake(const struct options *options, const char *words)
{
    say_mistake(&options->voice, "%s", words);
    return false;
}
