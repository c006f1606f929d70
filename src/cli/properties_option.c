/* properties_option.c — which properties a person may set, where, and how their values are read.
 *
 * What MQTT says about the values themselves (ranges, UTF-8) umqtt knows; what is refused is told
 * in words that name the property. */
#include "cli/properties_option.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/number.h"

#define PROPERTIES_SIZE_FIRST 256
#define PROPERTIES_SIZE_MAX   (1u << 20) /* a command line is not longer */

#define IN(target)            (1u << PROPERTIES_##target)

enum value_kind { NUMBER, TEXT, PAIR };

struct row {
    const char *name;
    enum umqtt_property_id id;
    enum value_kind kind;
    uint32_t min, max; /* of a number */
    unsigned targets;
};

static const struct row rows[] = {
#define PROPERTY(name, id, kind, min, max, targets) {name, id, kind, min, max, targets},
#include "cli/properties_option.def"
#undef PROPERTY
};

static const char *const target_names[PROPERTIES_TARGET_COUNT] = {
    [PROPERTIES_CONNECT] = "connect",       [PROPERTIES_PUBLISH] = "publish",
    [PROPERTIES_SUBSCRIBE] = "subscribe",   [PROPERTIES_UNSUBSCRIBE] = "unsubscribe",
    [PROPERTIES_DISCONNECT] = "disconnect", [PROPERTIES_WILL] = "will",
};

static bool find_target(struct options *options, const char *name, enum property_target *target);
static const struct row *find_row(struct options *options, const char *name);
static bool is_there(const struct options *options, enum property_target target,
                     enum umqtt_property_id id);

size_t properties_option_value_count(char **values, size_t available)
{
    return available >= 2 && strcasecmp(values[1], "user-property") == 0 ? 4 : 3;
}

bool properties_option_read(struct options *options, char **values)
{
    const struct voice *voice = &options->voice;
    enum property_target target;
    if (!find_target(options, values[0], &target)) {
        return false;
    }
    const struct row *row = find_row(options, values[1]);
    if (!row) {
        return false;
    }
    if (!(row->targets & 1u << target)) {
        say_mistake(voice, "-D: %s has no place in %s.", row->name, target_names[target]);
        return false;
    }
    if (row->kind != PAIR && is_there(options, target, row->id)) {
        say_mistake(voice, "-D: %s may be in %s once only.", row->name, target_names[target]);
        return false;
    }
    struct umqtt_property property = {.id = row->id};
    if (row->kind == NUMBER) {
        int64_t number;
        if (!number_read(values[2], row->min, row->max, &number)) {
            say_mistake(voice, "-D %s %s: a number from %u to %u.", row->name, values[2], row->min,
                        row->max);
            return false;
        }
        property.number = (uint32_t)number;
    } else {
        property.text = umqtt_text(values[2]);
        property.value = row->kind == PAIR ? umqtt_text(values[3]) : umqtt_text(NULL);
    }
    options->version = UMQTT_5; /* whoever wants a property wants MQTT 5 */
    if (row->id == UMQTT_TOPIC_ALIAS) {
        options->topic_alias = (uint16_t)property.number; /* umqtt wants it beside the others */
        return true;
    }
    enum umqtt_error error = properties_option_add(options, target, &property);
    if (error) {
        say_mistake(voice, "-D %s: %s.", row->name,
                    error == UMQTT_INVALID ? "the text is not well-formed UTF-8, or too long"
                                           : umqtt_error_words(error));
    }
    return error == UMQTT_OK;
}

enum umqtt_error properties_option_add(struct options *options, enum property_target target,
                                       const struct umqtt_property *property)
{
    struct umqtt_properties *properties = &options->properties[target];
    for (;;) {
        enum umqtt_error error = umqtt_property_add(properties, property);
        if (error != UMQTT_FULL) {
            return error;
        }
        size_t size_max = properties->size_max ? properties->size_max * 2 : PROPERTIES_SIZE_FIRST;
        uint8_t *data = size_max > PROPERTIES_SIZE_MAX ? NULL : realloc(properties->data, size_max);
        if (!data) {
            return UMQTT_TOO_LARGE;
        }
        properties->data = data;
        properties->size_max = size_max;
    }
}

static bool find_target(struct options *options, const char *name, enum property_target *target)
{
    for (size_t i = 0; i < PROPERTIES_TARGET_COUNT; i++) {
        if (strcasecmp(name, target_names[i]) == 0) {
            *target = (enum property_target)i;
            return true;
        }
    }
    say_mistake(&options->voice,
                "-D %s: properties can be set for connect, publish, subscribe, unsubscribe, "
                "disconnect and will.",
                name);
    return false;
}

static const struct row *find_row(struct options *options, const char *name)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcasecmp(name, rows[i].name) == 0) {
            return &rows[i];
        }
    }
    say_mistake(&options->voice, "-D: there is no property \"%s\".", name);
    return NULL;
}

static bool is_there(const struct options *options, enum property_target target,
                     enum umqtt_property_id id)
{
    struct umqtt_property property;
    if (id == UMQTT_TOPIC_ALIAS) {
        return options->topic_alias != 0;
    }
    return umqtt_property_find(umqtt_properties_bytes(&options->properties[target]), id, &property);
}
