/* store_place.h — where the store lies.
 *
 *   directory: persistence_location; otherwise the first of
 *                $STATE_DIRECTORY                       systemd's StateDirectory=
 *                /var/lib/midge                         when we are root, or may write there
 *                $XDG_STATE_HOME/midge, ~/.local/state/midge
 *   file:      persistence_file; with .midge behind it where that is a file of mosquitto's */
#ifndef MIDGE_BROKER_STORE_PLACE_H
#define MIDGE_BROKER_STORE_PLACE_H

#include "config/settings.h"

enum { STORE_PLACE_PATH_SIZE = CONFIG_PATH_SIZE_MAX + 256 + 16 };

struct store_place {
    char directory[CONFIG_PATH_SIZE_MAX];
    char path[STORE_PLACE_PATH_SIZE];    /* of the store's file */
    char foreign[STORE_PLACE_PATH_SIZE]; /* mosquitto's file in the same directory, while there is
                                          * no store yet; "": none */
    bool is_ours; /* nobody named the directory, or it was made just now: it may be given away */
};

/* Finds the place and makes its directory where it is missing. False: `error` says why, and how to
 * mend it. */
bool store_place_prepare(const struct config *config, struct store_place *place, char *error,
                         size_t error_size);
/* To be asked as the user that writes. False: `error` says why it may not. */
bool store_place_check(const struct store_place *place, char *error, size_t error_size);

#endif
