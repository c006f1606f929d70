/* utf8.c — decides whether a text may stand in an MQTT packet.
 *
 * Runs of ASCII, which is what nearly all topics are, go by eight bytes at a time. Anything else
 * is taken apart character by character: a lead byte says how long the character is and what its
 * second byte may be; that range rules out long forms, surrogates and everything above U+10FFFF.
 * Nothing is allocated and nothing is read outside the text. */
#include "base/utf8.h"

#define ONES      UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

/* How a character continues after its lead byte. */
struct continuation {
    uint8_t size;                   /* bytes in the whole character; 0: not a lead byte */
    uint8_t second_min, second_max; /* the legal second bytes; further ones are 80..BF */
};

static size_t skip_ascii_words(struct bytes text, size_t index);
static size_t character_size(const uint8_t *data, size_t size_left);
static struct continuation continuation_of(uint8_t lead);

bool utf8_is_valid(struct bytes text)
{
    size_t index = skip_ascii_words(text, 0);
    while (index < text.size) {
        uint8_t byte = text.data[index];
        if (byte == 0) {
            return false; /* [MQTT-1.5.4-2] [v3 MQTT-1.5.3-2] */
        }
        if (byte < 0x80) {
            index++;
            continue;
        }
        size_t size = character_size(text.data + index, text.size - index);
        if (size == 0) {
            return false; /* [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1] */
        }
        index = skip_ascii_words(text, index + size);
    }
    return true; /* U+FEFF passes like any other character [MQTT-1.5.4-3] [v3 MQTT-1.5.3-3] */
}

/* The index of the first eight bytes that are not all ASCII and not zero, or of the short rest. */
static size_t skip_ascii_words(struct bytes text, size_t index)
{
    while (text.size - index >= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, text.data + index, sizeof(word));
        /* As long as no high bit is set, subtracting ones sets one only where a byte was zero. */
        if (((word | (word - ONES)) & HIGH_BITS) != 0) {
            break;
        }
        index += sizeof(word);
    }
    return index;
}

/* The size of the well-formed character (not ASCII) at `data`; 0 when there is none. */
static size_t character_size(const uint8_t *data, size_t size_left)
{
    struct continuation want = continuation_of(data[0]);
    if (want.size == 0 || want.size > size_left) {
        return 0;
    }
    if (data[1] < want.second_min || data[1] > want.second_max) {
        return 0;
    }
    for (size_t index = 2; index < want.size; index++) {
        if ((data[index] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return want.size;
}

/* The table of well-formed byte sequences of the Unicode standard (3.9, D92). */
static struct continuation continuation_of(uint8_t lead)
{
    if (lead < 0xC2) {
        return (struct continuation){0, 0, 0}; /* a continuation byte, or a long form of ASCII */
    }
    if (lead < 0xE0) {
        return (struct continuation){2, 0x80, 0xBF};
    }
    if (lead < 0xF0) {
        uint8_t second_min = lead == 0xE0 ? 0xA0 : 0x80; /* no long forms */
        uint8_t second_max = lead == 0xED ? 0x9F : 0xBF; /* no surrogates */
        return (struct continuation){3, second_min, second_max};
    }
    if (lead < 0xF5) {
        uint8_t second_min = lead == 0xF0 ? 0x90 : 0x80; /* no long forms */
        uint8_t second_max = lead == 0xF4 ? 0x8F : 0xBF; /* nothing above U+10FFFF */
        return (struct continuation){4, second_min, second_max};
    }
    return (struct continuation){0, 0, 0};
}
