/* options_table.c — the rows of options.def as structs. To add an option: a row there, a field in
 * options.h and, if it is not simply stored, a reader in option_values.c. */
#include "cli/options_table.h"

#include "cli/option_values.h"

#define PUB        COMMAND_PUB
#define SUB        COMMAND_SUB
#define RR         COMMAND_RR
#define ALL        (PUB | SUB | RR)

#define IN(member) .field = offsetof(struct options, member)

#define FLAG(letter_, name_, member, commands_, group_, help_)                                     \
    {.letter = letter_,                                                                            \
     .name = name_,                                                                                \
     .commands = commands_,                                                                        \
     .group = group_,                                                                              \
     .kind = OPTION_FLAG,                                                                          \
     IN(member),                                                                                   \
     .help = help_},
#define TEXT(letter_, name_, value_, member, commands_, group_, help_)                             \
    {.letter = letter_,                                                                            \
     .name = name_,                                                                                \
     .value_name = value_,                                                                         \
     .commands = commands_,                                                                        \
     .group = group_,                                                                              \
     .kind = OPTION_TEXT,                                                                          \
     IN(member),                                                                                   \
     .help = help_},
#define WIRE(letter_, name_, value_, member, commands_, group_, help_)                             \
    {.letter = letter_,                                                                            \
     .name = name_,                                                                                \
     .value_name = value_,                                                                         \
     .commands = commands_,                                                                        \
     .group = group_,                                                                              \
     .kind = OPTION_WIRE,                                                                          \
     IN(member),                                                                                   \
     .help = help_},
#define NUMBER(letter_, name_, value_, member, min_, max_, commands_, group_, help_)               \
    {.letter = letter_,                                                                            \
     .name = name_,                                                                                \
     .value_name = value_,                                                                         \
     .commands = commands_,                                                                        \
     .group = group_,                                                                              \
     .kind = OPTION_NUMBER,                                                                        \
     IN(member),                                                                                   \
     .min = min_,                                                                                  \
     .max = max_,                                                                                  \
     .help = help_},
#define OWN(letter_, name_, value_, reader, commands_, group_, help_)                              \
    {.letter = letter_,                                                                            \
     .name = name_,                                                                                \
     .value_name = value_,                                                                         \
     .commands = commands_,                                                                        \
     .group = group_,                                                                              \
     .kind = OPTION_OWN,                                                                           \
     .read = reader,                                                                               \
     .help = help_},
#define LATER(letter_, name_, value_)                                                              \
    {.letter = letter_,                                                                            \
     .name = name_,                                                                                \
     .value_name = value_,                                                                         \
     .commands = ALL,                                                                              \
     .group = GROUP_LATER,                                                                         \
     .kind = OPTION_LATER},

const struct option options_table[] = {
#include "cli/options.def"
};

const size_t options_table_count = sizeof(options_table) / sizeof(options_table[0]);

const char *option_group_title(enum option_group group)
{
    static const char *const titles[GROUP_COUNT] = {
        [GROUP_BROKER] = "The broker",   [GROUP_CLIENT] = "Ourselves",
        [GROUP_MESSAGE] = "The message", [GROUP_TOPICS] = "What to receive",
        [GROUP_OUTPUT] = "What to show", [GROUP_WILL] = "The will",
        [GROUP_OTHER] = "Others",        [GROUP_LATER] = "Not in this version",
    };
    return titles[group];
}
