/* properties_option.h — -D COMMAND NAME VALUE: properties of MQTT 5 from the command line. */
#ifndef MIDGE_CLI_PROPERTIES_OPTION_H
#define MIDGE_CLI_PROPERTIES_OPTION_H

#include "cli/options.h"

/* How many of `available` values make one property: 3, or 4 for a user property (COMMAND
 * user-property NAME VALUE). More than `available`: some are missing. */
size_t properties_option_value_count(char **values, size_t available);

/* Appends the property to those of its command. False: the mistake has been told. */
bool properties_option_read(struct options *options, char **values);

/* Appends `property` to those of `target`, which grow as needed. */
enum umqtt_error properties_option_add(struct options *options, enum property_target target,
                                       const struct umqtt_property *property);

#endif
