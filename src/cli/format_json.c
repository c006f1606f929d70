/* format_json.c — builds the object with cJSON and prints it. Whatever cannot be built (no memory)
 * leaves its member out. */
#include "cli/format_json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

static void add_time(cJSON *object, const struct timespec *now);
static void add_text(cJSON *object, const char *name, struct umqtt_bytes text);
static void add_properties(cJSON *object, struct umqtt_bytes section);
static void add_property(cJSON *object, cJSON **user_properties,
                         const struct umqtt_property *property);
static bool add_payload(cJSON *object, struct umqtt_bytes payload, bool is_json);

bool format_json_print(const struct umqtt_message *message, const struct timespec *now,
                       bool payload_is_json, bool is_pretty, struct output *output)
{
    cJSON *object = cJSON_CreateObject();
    add_time(object, now);
    add_text(object, "topic", message->topic);
    cJSON_AddNumberToObject(object, "qos", message->qos);
    cJSON_AddNumberToObject(object, "retain", message->retain);
    cJSON_AddNumberToObject(object, "payloadlen", (double)message->payload.size);
    if (message->qos > 0) {
        cJSON_AddNumberToObject(object, "mid", message->packet_id);
    }
    if (message->properties.size > 0) {
        add_properties(object, message->properties);
    }
    bool is_good = add_payload(object, message->payload, payload_is_json);
    char *text = NULL;
    if (is_good) {
        text = is_pretty ? cJSON_Print(object) : cJSON_PrintUnformatted(object);
    }
    if (text) {
        output_put_text(output, text);
        free(text);
    }
    cJSON_Delete(object);
    return is_good;
}

static void add_time(cJSON *object, const struct timespec *now)
{
    char text[96], seconds[32], zone[16];
    struct tm local;
    localtime_r(&now->tv_sec, &local);
    strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &local);
    strftime(zone, sizeof(zone), "%z", &local);
    snprintf(text, sizeof(text), "%s.%06ldZ%s", seconds, now->tv_nsec / 1000, zone);
    cJSON_AddStringToObject(object, "tst", text);
}

/* cJSON wants zero-terminated texts: a payload with a zero inside ends there. */
static void add_text(cJSON *object, const char *name, struct umqtt_bytes text)
{
    char *copy = malloc(text.size + 1);
    if (copy) {
        if (text.size > 0) {
            memcpy(copy, text.data, text.size);
        }
        copy[text.size] = 0;
        cJSON_AddStringToObject(object, name, copy);
        free(copy);
    }
}

static void add_properties(cJSON *object, struct umqtt_bytes section)
{
    cJSON *properties = cJSON_AddObjectToObject(object, "properties");
    cJSON *user_properties = NULL;
    struct umqtt_property property;
    for (size_t at = 0; umqtt_property_next(section, &at, &property);) {
        add_property(properties, &user_properties, &property);
    }
}

static void add_property(cJSON *object, cJSON **user_properties,
                         const struct umqtt_property *property)
{
    switch (property->id) {
    case UMQTT_PAYLOAD_FORMAT_INDICATOR:
        cJSON_AddNumberToObject(object, "payload-format-indicator", property->number);
        break;
    case UMQTT_MESSAGE_EXPIRY_INTERVAL:
        cJSON_AddNumberToObject(object, "message-expiry-interval", property->number);
        break;
    case UMQTT_CONTENT_TYPE: add_text(object, "content-type", property->text); break;
    case UMQTT_RESPONSE_TOPIC: add_text(object, "response-topic", property->text); break;
    case UMQTT_CORRELATION_DATA: add_text(object, "correlation-data", property->text); break;
    case UMQTT_SUBSCRIPTION_IDENTIFIER:
        cJSON_AddNumberToObject(object, "subscription-identifier", property->number);
        break;
    case UMQTT_TOPIC_ALIAS: cJSON_AddNumberToObject(object, "topic-alias", property->number); break;
    case UMQTT_USER_PROPERTY: {
        char *name = malloc(property->text.size + 1);
        if (!*user_properties) {
            *user_properties = cJSON_AddObjectToObject(object, "user-properties");
        }
        if (name) {
            memcpy(name, property->text.data, property->text.size);
            name[property->text.size] = 0;
            add_text(*user_properties, name, property->value);
            free(name);
        }
        break;
    }
    default: break;
    }
}

static bool add_payload(cJSON *object, struct umqtt_bytes payload, bool is_json)
{
    if (payload.size == 0) {
        cJSON_AddNullToObject(object, "payload");
        return true;
    }
    if (!is_json) {
        add_text(object, "payload", payload);
        return true;
    }
    const char *end;
    cJSON *value = cJSON_ParseWithLengthOpts((const char *)payload.data, payload.size, &end, false);
    if (!value) {
        return false;
    }
    const char *payload_end = (const char *)payload.data + payload.size;
    while (end < payload_end && (*end == ' ' || *end == '\t' || *end == '\n' || *end == '\r')) {
        end++;
    }
    if (end != payload_end) {
        cJSON_Delete(value);
        return false;
    }
    return cJSON_AddItemToObject(object, "payload", value);
}
