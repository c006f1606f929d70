/* config_values.c — reads what a row of directives.def describes completely: flags, numbers, sizes,
 * durations and texts, checked against the row's limits and put where the row says.
 *
 * What follows a value on its line is not read, as mosquitto does; we say so. */
#include "config/config_values.h"

#include "config/units.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void read_amount(struct config_loader *loader, const struct directive *directive,
                        char *rest);
static enum units_result read_units(const struct directive *directive, const char *word,
                                    uint64_t *amount);
static bool amount_is_legal(const struct directive *directive, uint64_t amount);
static void refuse_amount(struct config_loader *loader, const struct directive *directive,
                          const char *word, const char *problem);
static void store(const struct directive *directive, void *member, uint64_t amount);
static void note(struct config_loader *loader, const struct directive *directive,
                 const char *written);

void config_values_read(struct config_loader *loader, const struct directive *directive, char *rest)
{
    bool flag;
    switch (directive->type) {
    case DIRECTIVE_FLAG:
        if (config_values_flag(loader, directive, rest, &flag)) {
            if (directive->size > 0) {
                store(directive, config_values_member(loader, directive), flag);
            }
            note(loader, directive, flag ? "true" : "false");
        }
        break;
    case DIRECTIVE_TEXT:
        config_values_text(loader, directive, rest, config_values_member(loader, directive),
                           directive->size);
        break;
    default: read_amount(loader, directive, rest); break;
    }
}

char *config_values_word(struct config_loader *loader, const struct directive *directive,
                         char *rest)
{
    char *word = config_text_word(&rest, "");
    if (!word) {
        char value[256];
        directive_describe_value(directive, value, sizeof value);
        loader_error(loader, "%s says nothing; write %s", directive->name, value);
        return NULL;
    }
    if (*rest && *rest != '#') {
        loader_warning(loader,
                       "what follows \"%s %s\" is not read; remove it, or write # before it",
                       directive->name, word);
    }
    return word;
}

bool config_values_flag(struct config_loader *loader, const struct directive *directive, char *rest,
                        bool *flag)
{
    const char *word = config_values_word(loader, directive, rest);
    if (!word) {
        return false;
    }
    if (strcmp(word, "true") == 0 || strcmp(word, "1") == 0) {
        *flag = true;
    } else if (strcmp(word, "false") == 0 || strcmp(word, "0") == 0) {
        *flag = false;
    } else {
        loader_error(loader, "%s cannot be \"%s\"; write true or false", directive->name, word);
        return false;
    }
    return true;
}

bool config_values_text(struct config_loader *loader, const struct directive *directive,
                        const char *rest, char *text, size_t size_max)
{
    size_t size = strlen(rest);
    if (size == 0) {
        loader_error(loader, "%s says nothing; write its value behind it, or remove the line",
                     directive->name);
        return false;
    }
    if (size >= size_max) {
        loader_error(loader, "%s is %zu bytes long; write at most %zu", directive->name, size,
                     size_max - 1);
        return false;
    }
    memcpy(text, rest, size + 1);
    return true;
}

void *config_values_member(struct config_loader *loader, const struct directive *directive)
{
    assert(directive->size > 0);
    if (directive->scope == DIRECTIVE_OF_THE_BROKER) {
        return (char *)loader->config + directive->offset;
    }
    return (char *)&config_values_draft(loader)->listener + directive->offset;
}

struct config_draft *config_values_draft(struct config_loader *loader)
{
    if (loader->current == CONFIG_NO_LISTENER) {
        loader->current = CONFIG_DEFAULT_LISTENER;
    }
    return &loader->drafts[loader->current];
}

bool config_values_equal(const struct directive *directive, const void *a, const void *b)
{
    const char *left = (const char *)a + directive->offset;
    const char *right = (const char *)b + directive->offset;
    if (directive->size > sizeof(uint64_t)) {
        return strcmp(left, right) == 0; /* only texts are that large */
    }
    return memcmp(left, right, directive->size) == 0;
}

static void read_amount(struct config_loader *loader, const struct directive *directive, char *rest)
{
    const char *word = config_values_word(loader, directive, rest);
    uint64_t amount = 0;
    if (!word) {
        return;
    }
    if (directive->none == NONE_NEVER && strcmp(word, "never") == 0) {
        amount = UINT64_MAX;
    } else {
        bool negative = directive->none == NONE_NEGATIVE && word[0] == '-';
        enum units_result result = read_units(directive, word + negative, &amount);
        if (result != UNITS_OK) {
            refuse_amount(loader, directive, word, units_explain(result));
            return;
        }
        if (negative) {
            amount = 0;
        }
        if (!amount_is_legal(directive, amount)) {
            refuse_amount(loader, directive, word, "is out of range");
            return;
        }
    }
    if (directive->size > 0) {
        store(directive, config_values_member(loader, directive), amount);
    }
    note(loader, directive, word);
}

static enum units_result read_units(const struct directive *directive, const char *word,
                                    uint64_t *amount)
{
    static const uint64_t plain_ms[] = {
        [PLAIN_SECONDS] = 1000,
        [PLAIN_MINUTES] = 60000,
        [PLAIN_REFUSED_M_IS_MONTH] = 0,
    };
    if (directive->type == DIRECTIVE_NUMBER) {
        return units_read_number(word, amount);
    }
    if (directive->type == DIRECTIVE_SIZE) {
        return units_read_size(word, amount);
    }
    enum units_m m =
        directive->plain == PLAIN_REFUSED_M_IS_MONTH ? UNITS_M_IS_MONTH : UNITS_M_REFUSED;
    enum units_result result = units_read_duration(word, plain_ms[directive->plain], m, amount);
    if (result == UNITS_OK) {
        /* 1500 ms of whole seconds are two: a limit is not made shorter than it was meant. */
        *amount = *amount / directive->unit_ms + (*amount % directive->unit_ms != 0);
    }
    return result;
}

static bool amount_is_legal(const struct directive *directive, uint64_t amount)
{
    if (amount == 0 && (directive->none == NONE_ZERO || directive->none == NONE_NEGATIVE)) {
        return true;
    }
    return amount >= directive->min && amount <= directive->max;
}

static void refuse_amount(struct config_loader *loader, const struct directive *directive,
                          const char *word, const char *problem)
{
    char value[256];
    directive_describe_value(directive, value, sizeof value);
    loader_error(loader, "%s: %s %s; write %s", directive->name, word, problem, value);
}

static void store(const struct directive *directive, void *member, uint64_t amount)
{
    uint8_t one = (uint8_t)amount;
    uint16_t two = (uint16_t)amount;
    uint32_t four = (uint32_t)amount;
    switch (directive->size) {
    case 1: memcpy(member, &one, 1); break;
    case 2: memcpy(member, &two, 2); break;
    case 4: memcpy(member, &four, 4); break;
    default: assert(directive->size == 8); memcpy(member, &amount, 8);
    }
}

/* Some rows have something to say for themselves where they are used. */
static void note(struct config_loader *loader, const struct directive *directive,
                 const char *written)
{
    if (directive->sentence && strcmp(written, directive->initial) != 0) {
        loader_warning(loader, "%s %s: %s", directive->name, written, directive->sentence);
    }
}
