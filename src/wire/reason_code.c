/* reason_code.c — reason_codes.def, asked by code. */
#include "wire/reason_code.h"

#define IN(packet) (1u << PACKET_##packet)

const char *reason_code_words(enum reason_code code)
{
    switch (code) {
#define REASON(code, name, packets, words)                                                         \
    case REASON_##name:                                                                            \
        return words;
#include "wire/reason_codes.def"
#undef REASON
    }
    return "unknown reason";
}

const char *return_code_words(enum connect_return_code code)
{
    switch (code) {
    case RETURN_ACCEPTED: return "connection accepted";
    case RETURN_UNACCEPTABLE_PROTOCOL_VERSION: return "unacceptable protocol version";
    case RETURN_IDENTIFIER_REJECTED: return "identifier rejected";
    case RETURN_SERVER_UNAVAILABLE: return "server unavailable";
    case RETURN_BAD_USER_NAME_OR_PASSWORD: return "bad user name or password";
    case RETURN_NOT_AUTHORIZED: return "not authorized";
    }
    return "unknown return code";
}

bool reason_code_is_allowed(enum reason_code code, enum packet_type type)
{
    uint32_t packets = 0;
    switch (code) {
#define REASON(code, name, packet_bits, words)                                                     \
    case REASON_##name:                                                                            \
        packets = (packet_bits);                                                                   \
        break;
#include "wire/reason_codes.def"
#undef REASON
    }
    return (packets >> type & 1u) != 0;
}
