/* utf8.h — is this text what MQTT calls a UTF-8 Encoded String? (MQTT 5.0 section 1.5.4) */
#ifndef MIDGE_BASE_UTF8_H
#define MIDGE_BASE_UTF8_H

#include "base/bytes.h"

/* True for well-formed UTF-8 (shortest forms, no surrogates, nothing above U+10FFFF) without
 * U+0000. U+FEFF is a character like any other. Plain ASCII is checked eight bytes at a time.
 * [MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT-1.5.4-3] */
bool utf8_is_valid(struct bytes text);

#endif
