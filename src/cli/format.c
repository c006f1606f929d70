/* format.c — a format is read once into pieces: runs of text, and fields with their widths; then
 * each message is a walk over the pieces.
 *
 * A field is %[flags][width][.precision]LETTER, the flags being `-` (left) or `0`. Widths count
 * bytes. As with mosquitto a payload longer than its width is cut, one in hex to as many digits. */
#include "cli/format.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/format_json.h"

#define WIDTH_MAX 9999

/* Fields with widths, and those without. */
#define WIDE_FIELDS  "ACEFIlmpRStxX"
#define PLAIN_FIELDS "%DjJPqrU"

enum piece_kind { PIECE_TEXT, PIECE_FIELD, PIECE_TIME };

struct piece {
    enum piece_kind kind;
    const char *text; /* TEXT: `length` bytes of the format; an escape is one of `escaped` */
    size_t length;
    char letter; /* FIELD, TIME */
    bool is_left, is_zero_padded;
    int width, precision; /* -1: none */
};

struct format {
    size_t count;
    struct piece pieces[]; /* never more than the format has characters */
};

/* One message on its way out. */
struct show {
    const struct umqtt_message *message;
    const struct timespec *now;
    struct output *output;
    bool is_pretty, is_json_good;
};

static const char *read_field(const char *text, struct piece *piece, char *fault);
static const char *read_escape(const char *text, struct piece *piece, char *fault);
static const char *read_time(const char *text, struct piece *piece, char *fault);
static void show_field(struct show *show, const struct piece *piece);
static bool show_property(struct show *show, const struct piece *piece);
static void show_text(struct show *show, const struct piece *piece, struct umqtt_bytes text);
static void show_number(struct show *show, const struct piece *piece, uint32_t number);
static void show_payload(struct show *show, const struct piece *piece);
static void show_user_properties(struct show *show);
static void show_iso_time(struct show *show, const struct piece *piece);
static void show_time(struct show *show, char letter);

struct format *format_new(const char *text, char fault[FORMAT_FAULT_SIZE_MAX])
{
    struct format *format = malloc(sizeof(*format) + strlen(text) * sizeof(struct piece));
    if (!format) {
        snprintf(fault, FORMAT_FAULT_SIZE_MAX, "out of memory");
        return NULL;
    }
    format->count = 0;
    while (text && *text) {
        struct piece *piece = &format->pieces[format->count++];
        *piece = (struct piece){.width = -1, .precision = -1};
        switch (*text) {
        case '%': text = read_field(text + 1, piece, fault); break;
        case '@': text = read_time(text + 1, piece, fault); break;
        case '\\': text = read_escape(text + 1, piece, fault); break;
        default:
            piece->text = text;
            piece->length = strcspn(text, "%@\\");
            text += piece->length;
        }
    }
    if (!text) {
        format_free(format);
        return NULL;
    }
    return format;
}

void format_free(struct format *format)
{
    free(format);
}

bool format_print(const struct format *format, const struct umqtt_message *message,
                  const struct timespec *now, bool is_pretty, struct output *output)
{
    struct show show = {message, now, output, is_pretty, true};
    for (size_t i = 0; i < format->count; i++) {
        const struct piece *piece = &format->pieces[i];
        switch (piece->kind) {
        case PIECE_TEXT: output_put(output, piece->text, piece->length); break;
        case PIECE_FIELD: show_field(&show, piece); break;
        case PIECE_TIME: show_time(&show, piece->letter); break;
        }
    }
    return show.is_json_good;
}

/* ------------------------------------------------------------------------------- reading --- */

static const char *read_number(const char *text, int *number)
{
    *number = 0;
    while (*text >= '0' && *text <= '9' && *number <= WIDTH_MAX) {
        *number = *number * 10 + (*text++ - '0');
    }
    return text;
}

static const char *read_field(const char *text, struct piece *piece, char *fault)
{
    const char *begin = text;
    piece->kind = PIECE_FIELD;
    if (*text == '-') {
        piece->is_left = true;
        text++;
    }
    if (*text == '0') {
        piece->is_zero_padded = true;
        text++;
    }
    if (*text >= '1' && *text <= '9') {
        text = read_number(text, &piece->width);
    }
    if (*text == '.') {
        text = read_number(text + 1, &piece->precision);
    }
    if (piece->width > WIDTH_MAX || piece->precision > WIDTH_MAX) {
        snprintf(fault, FORMAT_FAULT_SIZE_MAX, "a width is at most %d", WIDTH_MAX);
        return NULL;
    }
    if (!*text) {
        snprintf(fault, FORMAT_FAULT_SIZE_MAX, "after %%%.20s a letter is missing", begin);
        return NULL;
    }
    if (!strchr(WIDE_FIELDS PLAIN_FIELDS, *text)) {
        snprintf(fault, FORMAT_FAULT_SIZE_MAX, "there is no %%%c (write %%%% for %%)", *text);
        return NULL;
    }
    piece->letter = *text;
    return text + 1;
}

static const char *read_escape(const char *text, struct piece *piece, char *fault)
{
    static const char letters[] = "\\0aenrtv";
    static const char escaped[] = "\\\0\a\033\n\r\t\v";
    const char *found = *text ? strchr(letters, *text) : NULL;
    if (!found) {
        if (*text) {
            snprintf(fault, FORMAT_FAULT_SIZE_MAX, "there is no \\%c (write \\\\ for \\)", *text);
        } else {
            snprintf(fault, FORMAT_FAULT_SIZE_MAX, "after \\ a letter is missing");
        }
        return NULL;
    }
    piece->text = &escaped[found - letters];
    piece->length = 1;
    return text + 1;
}

static const char *read_time(const char *text, struct piece *piece, char *fault)
{
    if (!*text) {
        snprintf(fault, FORMAT_FAULT_SIZE_MAX, "after @ a letter for strftime is missing");
        return NULL;
    }
    piece->kind = PIECE_TIME;
    piece->letter = *text;
    return text + 1;
}

/* ------------------------------------------------------------------------------- showing --- */

static void show_field(struct show *show, const struct piece *piece)
{
    const struct umqtt_message *message = show->message;
    switch (piece->letter) {
    case '%': output_put_byte(show->output, '%'); return;
    case 't': show_text(show, piece, message->topic); return;
    case 'p':
    case 'x':
    case 'X': show_payload(show, piece); return;
    case 'l': show_number(show, piece, (uint32_t)message->payload.size); return;
    case 'm': show_number(show, piece, message->packet_id); return;
    case 'q': output_put_byte(show->output, (uint8_t)('0' + message->qos)); return;
    case 'r': output_put_byte(show->output, message->retain ? '1' : '0'); return;
    case 'P': show_user_properties(show); return;
    case 'I': show_iso_time(show, piece); return;
    case 'U':
        output_print(show->output, "%lld.%09ld", (long long)show->now->tv_sec, show->now->tv_nsec);
        return;
    case 'j':
    case 'J':
        if (!format_json_print(message, show->now, piece->letter == 'J', show->is_pretty,
                               show->output)) {
            show->is_json_good = false;
        }
        return;
    default: break;
    }
    /* What is not there is as wide as what is; %R and %D are not, as with mosquitto. */
    if (!show_property(show, piece) && piece->width > 0 && !strchr("DR", piece->letter)) {
        bool has_zeros = piece->is_zero_padded && piece->letter != 'C';
        output_fill(show->output, has_zeros ? '0' : ' ', (size_t)piece->width);
    }
}

/* False: the message has no such property. */
static bool show_property(struct show *show, const struct piece *piece)
{
    static const struct {
        char letter;
        enum umqtt_property_id id;
    } properties[] = {
        {'A', UMQTT_TOPIC_ALIAS},
        {'C', UMQTT_CONTENT_TYPE},
        {'D', UMQTT_CORRELATION_DATA},
        {'E', UMQTT_MESSAGE_EXPIRY_INTERVAL},
        {'F', UMQTT_PAYLOAD_FORMAT_INDICATOR},
        {'R', UMQTT_RESPONSE_TOPIC},
        {'S', UMQTT_SUBSCRIPTION_IDENTIFIER},
    };
    struct umqtt_property property;
    for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
        if (properties[i].letter != piece->letter) {
            continue;
        }
        if (!umqtt_property_find(show->message->properties, properties[i].id, &property)) {
            return false;
        }
        if (strchr("CDR", piece->letter)) {
            show_text(show, piece, property.text);
        } else {
            show_number(show, piece, property.number);
        }
        return true;
    }
    return false;
}

static void show_padded(struct show *show, const struct piece *piece, char fill, const void *text,
                        size_t size)
{
    size_t width = piece->width > 0 ? (size_t)piece->width : 0;
    size_t missing = width > size ? width - size : 0;
    if (!piece->is_left) {
        output_fill(show->output, fill, missing);
    }
    output_put(show->output, text, size);
    if (piece->is_left) {
        output_fill(show->output, ' ', missing);
    }
}

/* %D has neither width nor precision: it is binary. */
static void show_text(struct show *show, const struct piece *piece, struct umqtt_bytes text)
{
    if (piece->letter == 'D') {
        output_put(show->output, text.data, text.size);
        return;
    }
    size_t size = text.size;
    if (piece->precision >= 0 && size > (size_t)piece->precision) {
        size = (size_t)piece->precision;
    }
    show_padded(show, piece, ' ', text.data, size);
}

static void show_number(struct show *show, const struct piece *piece, uint32_t number)
{
    char digits[16];
    int size = snprintf(digits, sizeof(digits), "%u", number);
    show_padded(show, piece, piece->is_zero_padded ? '0' : ' ', digits, (size_t)size);
}

static void show_payload(struct show *show, const struct piece *piece)
{
    const uint8_t *data = show->message->payload.data;
    size_t size = show->message->payload.size;
    size_t width = piece->width > 0 ? (size_t)piece->width : 0;
    bool is_hex = piece->letter != 'p';
    size_t each = is_hex ? 2 : 1;
    if (width && size > width / each) {
        size = width / each;
    }
    size_t missing = width > size * each ? width - size * each : 0;
    if (!piece->is_left) {
        output_fill(show->output, piece->is_zero_padded ? '0' : ' ', missing);
    }
    if (is_hex) {
        const char *digits = piece->letter == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
        for (size_t i = 0; i < size; i++) {
            output_put_byte(show->output, (uint8_t)digits[data[i] >> 4]);
            output_put_byte(show->output, (uint8_t)digits[data[i] & 15]);
        }
    } else {
        output_put(show->output, data, size);
    }
    if (piece->is_left) {
        output_fill(show->output, ' ', missing);
    }
}

static void show_user_properties(struct show *show)
{
    struct umqtt_property property;
    bool is_first = true;
    for (size_t at = 0; umqtt_property_next(show->message->properties, &at, &property);) {
        if (property.id != UMQTT_USER_PROPERTY) {
            continue;
        }
        if (!is_first) {
            output_put_byte(show->output, ' ');
        }
        is_first = false;
        output_put(show->output, property.text.data, property.text.size);
        output_put_byte(show->output, ':');
        output_put(show->output, property.value.data, property.value.size);
    }
}

static void show_iso_time(struct show *show, const struct piece *piece)
{
    char text[64];
    struct tm local;
    localtime_r(&show->now->tv_sec, &local);
    size_t size = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &local);
    show_text(show, piece, umqtt_bytes(text, size));
}

static void show_time(struct show *show, char letter)
{
    char text[256];
    struct tm local;
    if (letter == '@') {
        output_put_byte(show->output, '@');
        return;
    }
    if (letter == 'N') {
        output_print(show->output, "%09ld", show->now->tv_nsec);
        return;
    }
    localtime_r(&show->now->tv_sec, &local);
    char format[3] = {'%', letter, 0};
    size_t size = strftime(text, sizeof(text), format, &local);
    output_put(show->output, text, size);
}
