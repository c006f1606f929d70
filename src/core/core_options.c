/* core_options.c — what the broker does when nobody tells it anything.
 *
 * The happy path: start from these, then let the configuration change single members. The values
 * are those of mosquitto 2 where it has them; src/config/directives.def repeats them for people,
 * and its test holds the two together. */
#include "core/core_options.h"

void core_options_default(struct core_options *options)
{
    *options = (struct core_options){
        .allow_zero_length_client_id = true,
        .connection_messages = true,
        .queue_qos0_messages = false,
        .retain_available = true,
        .upgrade_outgoing_qos = false,
        .check_retain_source = true,
        .clients_max = CORE_NO_LIMIT,
        .connections_max = CORE_NO_LIMIT,
        .in_flight_messages_max = 20,
        .in_flight_bytes_max = CORE_NO_LIMIT,
        .queued_messages_max = 1000,
        .queued_bytes_max = CORE_NO_LIMIT,
        .queue_policy = QUEUE_DROP_NEWEST,
        .durability = DURABILITY_ALWAYS,
        .receive_maximum = 1000, /* room for bursts of clients that do not look at it */
        .keep_alive_s_max = CORE_NO_LIMIT,
        .packet_size_max = CORE_NO_LIMIT, /* the protocol's own: cameras send large pictures */
        .message_size_max = CORE_NO_LIMIT,
        .topic_levels_max = 200,
        .subscriptions_max = 100000,
        .retained_messages_max = CORE_NO_LIMIT,
        .memory_max = CORE_NO_LIMIT,
        .session_expiry_s_max = UINT64_MAX,
        .retain_expiry_s = 0,
        .sys_interval_s = 10,
        .slow_reader_patience_ms = 1000,
        .connect_timeout_s = 30,
    };
}

void link_options_default(struct link_options *options)
{
    *options = (struct link_options){
        .allow_anonymous = false,
        .use_user_name_as_client_id = false,
        .qos_max = 2,
        .topic_alias_max_in = 10,
        .topic_alias_max_out = 10,
        .versions = 1 << 3 | 1 << 4 | 1 << 5,
        .packet_size_max = 0,
        .port = 0,
        .auto_id_prefix = "auto-",
        .mount_point = "",
    };
}
