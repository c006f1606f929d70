/* exit_codes.h — what the tool ends with. The numbers are mosquitto's, so that scripts need not
 * change. A refused CONNECT ends with the code in the server's CONNACK instead. */
#ifndef MIDGE_CLI_EXIT_CODES_H
#define MIDGE_CLI_EXIT_CODES_H

enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_ERROR = 1,    /* wrong usage, or the broker could not be reached */
    EXIT_CODE_PROTOCOL = 2, /* the server sent what has no place in MQTT */
    EXIT_CODE_CONNECTION_LOST = 7,
    EXIT_CODE_KEEP_ALIVE = 19, /* the server answered no ping */
    EXIT_CODE_MALFORMED = 21,
    EXIT_CODE_TOO_LARGE = 25,
    EXIT_CODE_TIMED_OUT = 27, /* -W, or no CONNACK in time */
    EXIT_CODE_SIGNAL = 128,   /* and the number of the signal that ended us */
};

#endif
