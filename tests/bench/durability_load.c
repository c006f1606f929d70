/* durability_load.c — a load of QoS 0 or 1 for durability.py: sessions that are away or stay, and
 * publishers that send to them.
 *
 *     durability_load --port N [--pid BROKER] [--sessions N [--stay] [--clean] [--drain]]
 *                     [--publishers N --messages N --window N --rate R --qos Q --size B --retain]
 *                     [--topics N] [--prefix TEXT]
 *
 * Session i subscribes to PREFIXi and goes away (or stays); message m goes to PREFIX(m % topics).
 * One line of JSON tells how long it took from the first message to the last acknowledgement, how
 * long each waited, and what it cost the broker. A connection that ends early ends everything. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "delays.h"

enum { WINDOW_MAX = 1024, IN_MAX = 1 << 16, PACKET_MAX = 8192, AT_ONCE = 256, EVENTS = 256 };

enum role { SESSION, PUBLISHER };

struct link {
    int fd;
    enum role role;
    uint32_t index;
    bool is_ready, wants_write;
    uint32_t in_flight, next_slot;
    uint8_t *out, *in;
    size_t out_size, out_capacity, in_size;
    uint64_t *sent_ns;
};

static struct {
    uint16_t port;
    long pid;
    uint32_t sessions, publishers, window, qos, size, topics;
    uint64_t messages, rate;
    bool stay, clean, drain, retain;
    const char *prefix;
} chosen = {.window = 64, .qos = 1, .size = 100, .prefix = "q/"};

static struct {
    int epoll, timer;
    uint64_t sent, acked, delivered, begin_ns, end_ns, due;
    uint32_t opened, ready; /* of the links of this phase */
    struct link *publishers;
    struct delays ack_delays, delivery_delays;
} run;

static void give_up(const char *what)
{
    fprintf(stderr, "durability_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* -- what the broker spends -- */

static uint64_t broker_cpu_ns(void)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%ld/stat", chosen.pid);
    FILE *file = chosen.pid ? fopen(path, "r") : NULL;
    unsigned long user = 0, system = 0;
    if (file && fgets(line, sizeof line, file)) {
        char *after = strrchr(line, ')');
        if (after)
            sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                   &system);
    }
    if (file)
        fclose(file);
    return (user + system) * (1000000000u / (unsigned long)sysconf(_SC_CLK_TCK));
}

static uint64_t broker_written(void)
{
    char path[64], line[128];
    uint64_t bytes = 0;
    snprintf(path, sizeof path, "/proc/%ld/io", chosen.pid);
    FILE *file = chosen.pid ? fopen(path, "r") : NULL;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "write_bytes: %" SCNu64, &bytes) == 1)
            break;
    if (file)
        fclose(file);
    return bytes;
}

/* -- links -- */

static void link_watch(struct link *link, bool wants_write, int operation)
{
    struct epoll_event event = {.events = wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data.ptr = link};
    link->wants_write = wants_write;
    if (epoll_ctl(run.epoll, operation, link->fd, &event) != 0)
        give_up("epoll_ctl");
}

static void link_flush(struct link *link)
{
    ssize_t written = send(link->fd, link->out, link->out_size, MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN)
        give_up("send");
    if (written > 0) {
        link->out_size -= (size_t)written;
        memmove(link->out, link->out + written, link->out_size);
    }
    if ((link->out_size > 0) != link->wants_write)
        link_watch(link, link->out_size > 0, EPOLL_CTL_MOD);
}

/* Room for `size` more bytes to send; the caller fills all of it. */
static uint8_t *link_put(struct link *link, size_t size)
{
    if (link->out_size + size > link->out_capacity) {
        link->out_capacity = 2 * (link->out_size + size);
        link->out = realloc(link->out, link->out_capacity);
        if (!link->out)
            give_up("memory");
    }
    link->out_size += size;
    return link->out + link->out_size - size;
}

static void put_text(uint8_t **at, const char *text, size_t size)
{
    *(*at)++ = (uint8_t)(size >> 8);
    *(*at)++ = (uint8_t)size;
    memcpy(*at, text, size);
    *at += size;
}

static void say_connect(struct link *link)
{
    char name[32];
    bool is_clean = link->role == PUBLISHER || chosen.clean;
    int size = snprintf(name, sizeof name, "%s-%.8s-%u", link->role == SESSION ? "s" : "p",
                        chosen.prefix, link->index);
    uint8_t *at = link_put(link, 14 + (size_t)size);
    memcpy(at,
           (uint8_t[]){0x10, (uint8_t)(12 + size), 0, 4, 'M', 'Q', 'T', 'T', 4, is_clean ? 2 : 0, 0,
                       0},
           12);
    at += 12;
    put_text(&at, name, (size_t)size);
}

static void say_subscribe(struct link *link)
{
    char filter[64];
    int size = snprintf(filter, sizeof filter, "%s%u", chosen.prefix, link->index);
    uint8_t *at = link_put(link, 7 + (size_t)size);
    memcpy(at, (uint8_t[]){0x82, (uint8_t)(5 + size), 0, 1}, 4);
    at += 4;
    put_text(&at, filter, (size_t)size);
    *at = (uint8_t)chosen.qos;
}

static void say_publish(struct link *link, uint64_t sent_ns)
{
    char topic[64];
    int topic_size =
        snprintf(topic, sizeof topic, "%s%" PRIu64, chosen.prefix, run.sent % chosen.topics);
    size_t rest = 2 + (size_t)topic_size + (chosen.qos ? 2 : 0) + chosen.size;
    uint8_t *at = link_put(link, rest + (rest < 128 ? 2 : 3));
    *at++ = (uint8_t)(0x30 | chosen.qos << 1 | (chosen.retain ? 1 : 0));
    if (rest >= 128)
        *at++ = (uint8_t)(0x80 | (rest & 127));
    *at++ = (uint8_t)(rest >= 128 ? rest >> 7 : rest);
    put_text(&at, topic, (size_t)topic_size);
    if (chosen.qos) {
        link->sent_ns[link->next_slot] = sent_ns;
        *at++ = (uint8_t)((link->next_slot + 1) >> 8);
        *at++ = (uint8_t)(link->next_slot + 1);
        link->next_slot = (link->next_slot + 1) % WINDOW_MAX;
    }
    memset(at, 'x', chosen.size);
    memcpy(at, &sent_ns, sizeof sent_ns);
    link->in_flight++;
    run.sent++;
}

static void link_open(struct link *link, enum role role, uint32_t index)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(chosen.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *link = (struct link){.role = role, .index = index};
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (link->fd < 0 || connect(link->fd, (struct sockaddr *)&to, sizeof to) != 0)
        give_up("connect");
    /* A reset instead of a farewell: no port has to wait, and a session with Clean Session 0 stays
     * all the same. */
    setsockopt(link->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    link->in = malloc(role == SESSION && !chosen.stay && !chosen.drain ? 64 : IN_MAX);
    link->sent_ns = role == PUBLISHER ? calloc(WINDOW_MAX, sizeof *link->sent_ns) : NULL;
    if (!link->in || (role == PUBLISHER && !link->sent_ns))
        give_up("memory");
    link_watch(link, false, EPOLL_CTL_ADD);
    say_connect(link);
    if (role == SESSION && !chosen.drain)
        say_subscribe(link);
    link_flush(link);
}

static void link_close(struct link *link)
{
    close(link->fd);
    free(link->out);
    free(link->in);
    link->fd = -1;
    link->out = link->in = NULL;
}

/* -- what is heard -- */

static void hear_publish(struct link *link, const uint8_t *body, size_t size, unsigned qos)
{
    size_t at = 2 + (size_t)(body[0] << 8 | body[1]);
    if (qos) {
        memcpy(link_put(link, 4), (uint8_t[]){0x40, 2, body[at], body[at + 1]}, 4);
        at += 2;
    }
    uint64_t sent_ns;
    if (size - at >= sizeof sent_ns) {
        memcpy(&sent_ns, body + at, sizeof sent_ns);
        delays_add(&run.delivery_delays, now_ns() - sent_ns);
    }
    run.delivered++;
}

static void hear(struct link *link, const uint8_t *packet, const uint8_t *body, size_t size)
{
    switch (packet[0] >> 4) {
    case 2: /* CONNACK */
        if (body[1] != 0)
            give_up("CONNECT was refused");
        run.ready += link->role == PUBLISHER || chosen.drain;
        break;
    case 9: /* SUBACK */
        run.ready++;
        link->is_ready = true;
        break;
    case 4: { /* PUBACK */
        unsigned slot = (unsigned)(body[0] << 8 | body[1]) - 1;
        delays_add(&run.ack_delays, now_ns() - link->sent_ns[slot % WINDOW_MAX]);
        link->in_flight--;
        run.acked++;
        break;
    }
    case 3: hear_publish(link, body, size, packet[0] >> 1 & 3); break;
    default: break;
    }
}

static void link_read(struct link *link)
{
    size_t capacity = link->role == SESSION && !chosen.stay && !chosen.drain ? 64 : IN_MAX;
    ssize_t got = recv(link->fd, link->in + link->in_size, capacity - link->in_size, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0)
        give_up("the broker closed a connection");
    link->in_size += (size_t)got;
    size_t at = 0;
    while (link->in_size - at >= 2) {
        size_t rest = link->in[at + 1] & 127, head = 2;
        if (link->in[at + 1] & 0x80) {
            if (link->in_size - at < 3)
                break;
            rest |= (size_t)link->in[at + 2] << 7;
            head = 3;
        }
        if (link->in_size - at < head + rest)
            break;
        hear(link, link->in + at, link->in + at + head, rest);
        at += head + rest;
    }
    link->in_size -= at;
    memmove(link->in, link->in + at, link->in_size);
    if (link->out_size && !link->wants_write)
        link_flush(link);
}

/* -- publishing -- */

static void publisher_fill(struct link *link)
{
    if (chosen.rate || !chosen.qos || link->in_flight > chosen.window / 2)
        return;
    uint64_t now = now_ns();
    while (link->in_flight < chosen.window && run.sent < chosen.messages)
        say_publish(link, now);
    if (link->out_size && !link->wants_write)
        link_flush(link);
}

/* On a fixed schedule: who is late is counted from when he was due. */
static void publish_what_is_due(void)
{
    uint64_t now = now_ns();
    while (run.sent < chosen.messages) {
        uint64_t due_ns = run.begin_ns + run.due * 1000000000u / chosen.rate;
        if (due_ns > now)
            break;
        struct link *link = &run.publishers[run.due++ % chosen.publishers];
        say_publish(link, due_ns);
        link_flush(link);
    }
}

static void turn(void)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(run.epoll, events, EVENTS, 30000);
    if (count <= 0)
        give_up(count ? "epoll_wait" : "nothing happened for 30 s");
    for (int index = 0; index < count; index++) {
        struct link *link = events[index].data.ptr;
        if (!link) {
            uint64_t ticks;
            if (read(run.timer, &ticks, sizeof ticks) > 0)
                publish_what_is_due();
            continue;
        }
        if (link->fd >= 0 && events[index].events & EPOLLOUT)
            link_flush(link);
        if (link->fd >= 0 && events[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            link_read(link);
        if (run.begin_ns && link->role == PUBLISHER)
            publisher_fill(link);
    }
}

/* -- phases -- */

/* Makes the sessions, so many at a time; those that do not stay leave with their SUBACK. */
static struct link *make_sessions(void)
{
    bool is_kept = chosen.stay || chosen.drain;
    uint32_t slots = is_kept || chosen.sessions < AT_ONCE ? chosen.sessions : AT_ONCE;
    struct link *links = calloc(slots + 1, sizeof *links);
    if (!links)
        give_up("memory");
    for (; run.opened < slots; run.opened++)
        link_open(&links[run.opened], SESSION, run.opened);
    while (run.ready < chosen.sessions) {
        turn();
        for (uint32_t slot = 0; !is_kept && slot < slots; slot++) {
            if (links[slot].fd < 0 || !links[slot].is_ready)
                continue;
            link_close(&links[slot]);
            if (run.opened < chosen.sessions)
                link_open(&links[slot], SESSION, run.opened++);
        }
    }
    for (uint32_t slot = 0; !is_kept && slot < slots; slot++)
        if (links[slot].fd >= 0)
            link_close(&links[slot]);
    return links;
}

static void publish_all(void)
{
    run.publishers = calloc(chosen.publishers, sizeof *run.publishers);
    if (!run.publishers)
        give_up("memory");
    run.ready = 0;
    for (uint32_t index = 0; index < chosen.publishers; index++)
        link_open(&run.publishers[index], PUBLISHER, index);
    while (run.ready < chosen.publishers)
        turn();
    run.begin_ns = now_ns();
    if (chosen.rate) {
        long step_ns = (long)(1000000000u / chosen.rate);
        struct itimerspec timing = {{0, step_ns}, {0, step_ns}};
        struct epoll_event event = {.events = EPOLLIN};
        run.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
        timerfd_settime(run.timer, 0, &timing, NULL);
        epoll_ctl(run.epoll, EPOLL_CTL_ADD, run.timer, &event);
    }
    for (uint32_t index = 0; index < chosen.publishers; index++)
        publisher_fill(&run.publishers[index]);
}

static void tell(uint64_t cpu_ns, uint64_t written)
{
    double seconds = (double)(run.end_ns - run.begin_ns) / 1e9;
    uint64_t count = chosen.drain ? run.delivered : run.sent;
    printf("{\"messages\": %" PRIu64 ", \"delivered\": %" PRIu64 ", \"seconds\": %.4f, "
           "\"rate\": %.0f, \"cpu_ns\": %.0f, \"written\": %" PRIu64,
           count, run.delivered, seconds, (double)count / seconds,
           (double)cpu_ns / (double)(count ? count : 1), written);
    const struct delays *both[] = {&run.ack_delays, &run.delivery_delays};
    const char *const names[] = {"ack", "delivery"};
    for (int index = 0; index < 2; index++)
        printf(", \"%s_p50_us\": %.1f, \"%s_p99_us\": %.1f, \"%s_max_us\": %.1f", names[index],
               delays_quantile_us(both[index], 0.5), names[index],
               delays_quantile_us(both[index], 0.99), names[index],
               (double)both[index]->longest_ns / 1000);
    printf("}\n");
}

static void read_options(int argc, char **argv)
{
    static const struct option options[] = {{"port", 1, NULL, 'p'},       {"pid", 1, NULL, 'P'},
                                            {"sessions", 1, NULL, 's'},   {"stay", 0, NULL, 'y'},
                                            {"clean", 0, NULL, 'c'},      {"drain", 0, NULL, 'd'},
                                            {"publishers", 1, NULL, 'n'}, {"window", 1, NULL, 'w'},
                                            {"messages", 1, NULL, 'm'},   {"rate", 1, NULL, 'r'},
                                            {"qos", 1, NULL, 'q'},        {"size", 1, NULL, 'b'},
                                            {"retain", 0, NULL, 'R'},     {"topics", 1, NULL, 't'},
                                            {"prefix", 1, NULL, 'x'},     {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        uint64_t number = optarg && option != 'x' ? strtoull(optarg, NULL, 10) : 1;
        switch (option) {
        case 'p': chosen.port = (uint16_t)number; break;
        case 'P': chosen.pid = (long)number; break;
        case 's': chosen.sessions = (uint32_t)number; break;
        case 'y': chosen.stay = true; break;
        case 'c': chosen.clean = true; break;
        case 'd': chosen.drain = true; break;
        case 'n': chosen.publishers = (uint32_t)number; break;
        case 'w': chosen.window = (uint32_t)number; break;
        case 'm': chosen.messages = number; break;
        case 'r': chosen.rate = number; break;
        case 'q': chosen.qos = (uint32_t)number; break;
        case 'b': chosen.size = (uint32_t)number; break;
        case 'R': chosen.retain = true; break;
        case 't': chosen.topics = (uint32_t)number; break;
        case 'x': chosen.prefix = optarg; break;
        default: exit(2);
        }
    }
    chosen.topics = chosen.topics ? chosen.topics : chosen.sessions ? chosen.sessions : 1;
    if (!chosen.port || chosen.window > WINDOW_MAX || !chosen.window || chosen.size < 8 ||
        chosen.size > PACKET_MAX || chosen.qos > 1 || strlen(chosen.prefix) > 16) {
        fprintf(stderr, "durability_load: options out of range\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    struct rlimit descriptors;
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    run.epoll = epoll_create1(EPOLL_CLOEXEC);
    uint64_t cpu_ns = broker_cpu_ns(), written = broker_written();
    run.begin_ns = chosen.drain ? now_ns() : 0;
    struct link *sessions = make_sessions();
    if (!chosen.drain) {
        cpu_ns = broker_cpu_ns(), written = broker_written();
        if (chosen.publishers)
            publish_all();
    }
    while (run.acked < (chosen.qos && !chosen.drain ? chosen.messages : 0) ||
           run.delivered < (chosen.stay || chosen.drain ? chosen.messages : 0))
        turn();
    run.end_ns = now_ns();
    run.begin_ns = run.begin_ns ? run.begin_ns : run.end_ns - 1;
    tell(broker_cpu_ns() - cpu_ns, broker_written() - written);
    free(sessions);
    free(run.publishers);
    return 0;
}
