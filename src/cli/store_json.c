/* store_json.c — objects are built with cJSON, one at a time, and printed at once. A member that
 * cannot be built for want of memory makes the whole line NULL. */
#include "cli/store_json.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/utf8.h"
#include "umqtt.h"

/* An object under construction. */
struct object {
    cJSON *json;
    bool failed;
};

static void add_entry(struct object *object, const struct entry *entry,
                      struct store_json_session *session);
static void add_session(struct object *object, const struct session_entry *entry, struct bytes rest,
                        struct store_json_session *session);
static void add_subscription(struct object *object, const struct subscription_entry *entry,
                             struct bytes filter);
static void add_delivery(struct object *object, const struct delivery_entry *entry,
                         struct bytes rest, const struct store_json_session *session);
static void add_message(struct object *object, const struct stored_message *message,
                        struct bytes body);
static void add_properties(struct object *object, struct bytes section);
static void add_ids(struct object *object, struct bytes ids);
static void add_text(struct object *object, const char *name, struct bytes text);
static void add_bytes(struct object *object, const char *name, struct bytes bytes);
static void add_whole(struct object *object, const char *name, uint64_t number);
static void add_flag(struct object *object, const char *name, bool is_set);
static void add_time(struct object *object, const char *name, uint64_t time_us);
static void add_number(struct object *object, const char *name, uint64_t number);
static void keep(struct object *object, const cJSON *added);
static char *finish(struct object *object);
static char *base64(struct bytes bytes);

char *store_json_of_summary(const struct store_summary *summary)
{
    struct object object = {.json = cJSON_CreateObject()};
    add_text(&object, "kind", BYTES("store"));
    if (summary->is_head_damaged) {
        add_flag(&object, "is_head_damaged", true);
    } else {
        add_whole(&object, "version", summary->version);
        add_whole(&object, "start", summary->start);
        add_flag(&object, "was_stopped", summary->was_stopped);
    }
    add_whole(&object, "bytes_used", summary->size.bytes_used);
    add_whole(&object, "bytes_file", summary->size.bytes_file);
    return finish(&object);
}

char *store_json_of_item(const struct store_item *item, struct store_json_session *session)
{
    static const char *const kinds[] = {
        [STORE_ITEM_ENTRY] = "entry",
        [STORE_ITEM_DAMAGED] = "damaged",
        [STORE_ITEM_ASIDE] = "aside",
        [STORE_ITEM_LEFTOVER] = "leftover",
    };
    struct object object = {.json = cJSON_CreateObject()};
    if (item->kind == STORE_ITEM_ENTRY) {
        add_entry(&object, &item->entry, session);
    } else {
        add_text(&object, "kind", bytes_of_text(kinds[item->kind]));
        add_text(&object, "words", bytes_of_text(item->words));
        char *text = base64(item->record);
        add_text(&object, "record_base64", bytes_of_text(text));
        object.failed |= !text;
        free(text);
    }
    return finish(&object);
}

static void add_entry(struct object *object, const struct entry *entry,
                      struct store_json_session *session)
{
    struct bytes client_id = bytes_of(session->client_id, session->client_id_size);
    switch (entry->kind) {
    case ENTRY_SESSION:
        add_text(object, "kind", BYTES("session"));
        add_session(object, entry->fixed, entry->rest, session);
        break;
    case ENTRY_SUBSCRIPTION:
        add_text(object, "kind", BYTES("subscription"));
        add_bytes(object, "client_id", client_id);
        add_subscription(object, entry->fixed, entry->rest);
        break;
    case ENTRY_RECEIVED: {
        const struct received_entry *received = entry->fixed;
        add_text(object, "kind", BYTES("received"));
        add_bytes(object, "client_id", client_id);
        add_whole(object, "packet_id", received->packet_id);
        break;
    }
    case ENTRY_DELIVERY:
    case ENTRY_RELEASING:
        add_text(object, "kind",
                 entry->kind == ENTRY_DELIVERY ? BYTES("delivery") : BYTES("releasing"));
        add_bytes(object, "client_id", client_id);
        add_delivery(object, entry->fixed, entry->rest, session);
        break;
    case ENTRY_RETAINED: {
        const struct retained_entry *retained = entry->fixed;
        add_text(object, "kind", BYTES("retained"));
        add_message(object, &retained->message, entry->rest);
        break;
    }
    default: add_text(object, "kind", BYTES("unknown")); break;
    }
}

static void add_session(struct object *object, const struct session_entry *entry, struct bytes rest,
                        struct store_json_session *session)
{
    size_t size = entry->client_id_size < rest.size ? entry->client_id_size : rest.size;
    if (size > 0) {
        memcpy(session->client_id, rest.data, size);
    }
    session->client_id_size = size;
    session->place_sent = entry->place_sent;
    add_bytes(object, "client_id", bytes_of(rest.data, size));
    add_number(object, "number", entry->number);
    if (entry->expiry_s == UINT32_MAX) {
        keep(object, cJSON_AddNullToObject(object->json, "expiry_s"));
    } else {
        add_whole(object, "expiry_s", entry->expiry_s);
    }
    if (entry->away_us) {
        add_time(object, "away_since", entry->away_us);
    } else {
        add_flag(object, "was_connected", true);
    }
    add_whole(object, "place_sent", entry->place_sent);
    add_whole(object, "place_next", entry->place_next);
    if (entry->has_will) {
        struct object will = {.json = cJSON_AddObjectToObject(object->json, "will")};
        add_whole(&will, "delay_s", entry->will_delay_s);
        struct stored_message message = entry->will;
        if (message.expires_us) {
            add_whole(&will, "expiry_s", message.expires_us);
            message.expires_us = 0;
        }
        add_message(&will, &message, bytes_of(rest.data + size, rest.size - size));
        object->failed |= will.failed || !will.json;
    }
}

static void add_subscription(struct object *object, const struct subscription_entry *entry,
                             struct bytes filter)
{
    add_bytes(object, "filter", filter);
    add_whole(object, "qos", entry->qos);
    if (entry->id) {
        add_whole(object, "id", entry->id);
    }
    add_flag(object, "no_local", entry->no_local);
    add_flag(object, "retain_as_published", entry->retain_as_published);
}

static void add_delivery(struct object *object, const struct delivery_entry *entry,
                         struct bytes rest, const struct store_json_session *session)
{
    add_whole(object, "place", entry->place);
    add_whole(object, "packet_id", 1 + entry->place % 65535);
    add_flag(object, "was_sent", entry->place < session->place_sent);
    size_t ids_size = entry->id_count * sizeof(uint32_t);
    if (ids_size > rest.size || rest.size == 0) {
        return; /* to be released: there is no message any more */
    }
    add_whole(object, "deliver_qos", entry->qos);
    add_flag(object, "deliver_retain", entry->retain);
    add_ids(object, bytes_of(rest.data, ids_size));
    add_message(object, &entry->message, bytes_of(rest.data + ids_size, rest.size - ids_size));
}

static void add_message(struct object *object, const struct stored_message *message,
                        struct bytes body)
{
    uint64_t size =
        (uint64_t)message->topic_size + message->payload_size + message->properties_size;
    if (size != body.size) {
        add_text(object, "fault", BYTES("its parts do not add up"));
        return;
    }
    const uint8_t *payload = body.data + message->topic_size;
    add_bytes(object, "topic", bytes_of(body.data, message->topic_size));
    add_bytes(object, "payload", bytes_of(payload, message->payload_size));
    add_whole(object, "qos", message->qos);
    add_flag(object, "retain", message->retain);
    if (message->expires_us) {
        add_time(object, "expires", message->expires_us);
    }
    if (message->properties_size > 0) {
        add_properties(object, bytes_of(payload + message->payload_size, message->properties_size));
    }
}

static void add_properties(struct object *object, struct bytes section)
{
    struct object properties = {.json = cJSON_AddObjectToObject(object->json, "properties")};
    cJSON *pairs = NULL;
    struct umqtt_property property;
    struct umqtt_bytes view = umqtt_bytes(section.data, section.size);
    for (size_t at = 0; umqtt_property_next(view, &at, &property);) {
        struct bytes text = bytes_of(property.text.data, property.text.size);
        struct bytes value = bytes_of(property.value.data, property.value.size);
        switch (property.id) {
        case UMQTT_PAYLOAD_FORMAT_INDICATOR:
            add_whole(&properties, "payload_format_indicator", property.number);
            break;
        case UMQTT_CONTENT_TYPE: add_bytes(&properties, "content_type", text); break;
        case UMQTT_RESPONSE_TOPIC: add_bytes(&properties, "response_topic", text); break;
        case UMQTT_CORRELATION_DATA: add_bytes(&properties, "correlation_data", text); break;
        case UMQTT_USER_PROPERTY: {
            /* A list: the same name may be there twice, and the order counts. */
            pairs = pairs ? pairs : cJSON_AddArrayToObject(properties.json, "user_properties");
            struct object pair = {.json = cJSON_CreateObject()};
            add_bytes(&pair, "name", text);
            add_bytes(&pair, "value", value);
            properties.failed |= pair.failed || !cJSON_AddItemToArray(pairs, pair.json);
            break;
        }
        default: break;
        }
    }
    object->failed |= properties.failed || !properties.json;
}

static void add_ids(struct object *object, struct bytes ids)
{
    if (ids.size == 0) {
        return;
    }
    cJSON *list = cJSON_AddArrayToObject(object->json, "subscription_ids");
    for (size_t at = 0; at < ids.size; at += sizeof(uint32_t)) {
        uint32_t id;
        memcpy(&id, ids.data + at, sizeof id);
        object->failed |= !cJSON_AddItemToArray(list, cJSON_CreateNumber(id));
    }
}

/* UTF-8 without a zero, as it is. */
static void add_text(struct object *object, const char *name, struct bytes text)
{
    char *copy = malloc(text.size + 1);
    if (!copy) {
        object->failed = true;
        return;
    }
    if (text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    copy[text.size] = '\0';
    keep(object, cJSON_AddStringToObject(object->json, name, copy));
    free(copy);
}

/* As text if that is what it is; else as "NAME_base64". */
static void add_bytes(struct object *object, const char *name, struct bytes bytes)
{
    if (utf8_is_valid(bytes)) {
        add_text(object, name, bytes);
        return;
    }
    char longer[64];
    snprintf(longer, sizeof longer, "%s_base64", name);
    char *text = base64(bytes);
    if (text) {
        keep(object, cJSON_AddStringToObject(object->json, longer, text));
    }
    object->failed |= !text;
    free(text);
}

/* All its digits, which a double does not have. */
static void add_whole(struct object *object, const char *name, uint64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    keep(object, cJSON_AddRawToObject(object->json, name, digits));
}

static void add_flag(struct object *object, const char *name, bool is_set)
{
    keep(object, cJSON_AddBoolToObject(object->json, name, is_set));
}

static void add_time(struct object *object, const char *name, uint64_t time_us)
{
    char text[80], seconds[48];
    time_t time_s = (time_t)(time_us / 1000000);
    struct tm utc;
    if (!gmtime_r(&time_s, &utc) ||
        strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc) == 0) {
        return;
    }
    snprintf(text, sizeof text, "%s.%06uZ", seconds, (unsigned)(time_us % 1000000));
    add_text(object, name, bytes_of_text(text));
}

/* What record_number() has made, taken apart again. */
static void add_number(struct object *object, const char *name, uint64_t number)
{
    char text[64];
    snprintf(text, sizeof text, "%" PRIu64 ".%u.%" PRIu64, number >> 44,
             (unsigned)(number >> 38 & 63), number & ((UINT64_C(1) << 38) - 1));
    add_text(object, name, bytes_of_text(text));
}

static void keep(struct object *object, const cJSON *added)
{
    object->failed |= !added;
}

static char *finish(struct object *object)
{
    char *line = object->failed ? NULL : cJSON_PrintUnformatted(object->json);
    cJSON_Delete(object->json);
    return line;
}

static char *base64(struct bytes bytes)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = malloc((bytes.size + 2) / 3 * 4 + 1);
    char *out = text;
    for (size_t i = 0; text && i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t three = (uint32_t)bytes.data[i] << 16;
        three |= left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
        three |= left > 2 ? bytes.data[i + 2] : 0;
        *out++ = letters[three >> 18];
        *out++ = letters[three >> 12 & 63];
        *out++ = left > 1 ? letters[three >> 6 & 63] : '=';
        *out++ = left > 2 ? letters[three & 63] : '=';
    }
    if (text) {
        *out = '\0';
    }
    return text;
}
