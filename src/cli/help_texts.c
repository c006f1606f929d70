/* help_texts.c — summaries, usages and examples. Examples are meant to be copied and to work. */
#include "cli/help_texts.h"

#include <assert.h>

const struct help_texts help_texts[] = {
    {
        .command = COMMAND_PUB,
        .name = "pub",
        .summary = "publish messages",
        .usage = "-t TOPIC (-m TEXT | -f FILE | -s | -l | -n) [OPTIONS]",
        .description = "Publishes one message, or one for each line of standard input, waits until "
                       "the broker has it (with QoS 1 and 2), and ends.",
        .notes = NULL,
        .examples =
            {
                {"-t hello -m 'my name is blah'", "one message"},
                {"-t lamp/1 -r -q 1 -m on", "retained, so that later subscribers get it, too"},
                {"-t lamp/1 -r -n", "clear the retained message"},
                {"-t photo -f photo.jpg", "what a file holds"},
                {"-t log -l < lines.txt", "each line a message"},
                {"-t t -m x -D publish content-type text/plain", "a property of MQTT 5"},
            },
    },
    {
        .command = COMMAND_SUB,
        .name = "sub",
        .summary = "subscribe to topics and show what arrives",
        .usage = "-t FILTER [-t FILTER ...] [OPTIONS]",
        .description = "Subscribes and shows each message as it arrives, until it is stopped by "
                       "Ctrl-C or by one of the options. A connection that is lost is made again.",
        .notes =
            "FORMAT is text in which these stand for parts of the message:\n"
            "  %t topic   %p payload   %x, %X payload in hex   %l its length   %q QoS   %r "
            "retained\n"
            "  %m packet identifier   %j JSON   %J JSON whose payload is JSON itself   %% a "
            "percent\n"
            "  MQTT 5: %A topic alias   %C content type   %D correlation data   %E message expiry\n"
            "          %F payload format   %P user properties   %R response topic\n"
            "          %S subscription identifier\n"
            "  time: %I ISO 8601   %U Unix   @Y, @H ... what strftime makes of %Y, %H   @N "
            "nanoseconds\n"
            "  \\n \\t \\r \\0 \\a \\e \\v \\\\ single characters\n"
            "Between % and the letter may stand - (left), 0 (zeros), a width and .MAXIMUM: "
            "%-20.20t\n",
        .examples =
            {
                {"-v -t hello", "topic and message"},
                {"-v -t 'sensors/+/temperature' -t 'lamp/#'", "several topics, with wildcards"},
                {"-t job/done -C 1 -W 60", "wait for one message, a minute at most"},
                {"-t '#' -F '%I %t %p'", "with the time"},
                {"-t '#' -F %j --pretty", "as JSON"},
                {"-t '#' --remove-retained --retained-only", "clear all retained messages"},
            },
    },
    {
        .command = COMMAND_RR,
        .name = "rr",
        .summary = "send a request and show the response",
        .usage = "-t TOPIC -e RESPONSE-TOPIC (-m TEXT | -f FILE | -s | -n) [OPTIONS]",
        .description = "Subscribes to the response topic, publishes the request, which names that "
                       "topic (MQTT 5), shows the first response and ends.",
        .notes = NULL,
        .examples =
            {
                {"-t lamp/1/ask -e lamp/1/answer -m status", "ask, and show the answer"},
                {"-t ask -e answer -n -W 5", "wait five seconds at most; exit code 27 if in vain"},
            },
    },
};

const size_t help_texts_count = sizeof(help_texts) / sizeof(help_texts[0]);

const struct help_texts *help_texts_of(enum command command)
{
    for (size_t i = 0; i < help_texts_count; i++) {
        if (help_texts[i].command == command) {
            return &help_texts[i];
        }
    }
    assert(!"a command without texts");
    return &help_texts[0];
}
