/* store_json.h — a thing from a store as one line of JSON:
 *
 *   {"kind":"session","client_id":"away","number":"1.63.7","expiry_s":3600,"away":"2026-…Z",…}
 *   {"kind":"subscription","client_id":"away","filter":"q/#","qos":2,…}
 *   {"kind":"delivery","client_id":"away","packet_id":5,"qos":1,"topic":"q/a","payload":"one",…}
 *
 * Numbers of sessions are texts (start.worker.count): they outgrow what JSON readers count with. */
#ifndef MIDGE_CLI_STORE_JSON_H
#define MIDGE_CLI_STORE_JSON_H

#include "base/bytes.h"
#include "store/store_inspect.h"

/* The session whose things are being shown: of the ENTRY_SESSION that came last. */
struct store_json_session {
    char client_id[UINT16_MAX + 1];
    size_t client_id_size;
    uint64_t place_sent;
};

/* One line without its end (given: free it). NULL: no memory. */
char *store_json_of_summary(const struct store_summary *summary);
/* A session is remembered in *session. */
char *store_json_of_item(const struct store_item *item, struct store_json_session *session);

#endif
