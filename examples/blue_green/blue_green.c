/* blue_green.c — two devices, and each one's button lights the other one's LED.
 *
 *     blue_green blue green localhost 1883
 *     blue_green green blue localhost 1883
 *
 * Each publishes its button as 1 (not pressed) or 0 (pressed) every half second, and listens to the
 * other's. Here the button is standard input ('0' presses it, '1' lets it go, its end switches the
 * device off) and the LED is a line on standard output. On a board only those two differ. */
#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "umqtt.h"
#include "umqtt_posix.h"

/* The board. */

enum { BUTTON_PIN = STDIN_FILENO, HALF_A_SECOND_MS = 500 };

struct board {
    const char *name;
    bool is_on;
    char button;
};

static long clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void board_set_led(const struct board *board, bool is_on)
{
    printf("%s led %s\n", board->name, is_on ? "on" : "off");
    fflush(stdout);
}

/* Half a second, or less when the button moves. */
static void board_rest(struct board *board)
{
    struct pollfd pin = {.fd = BUTTON_PIN, .events = POLLIN};
    long until_ms = clock_ms() + HALF_A_SECOND_MS;
    for (long left_ms; (left_ms = until_ms - clock_ms()) > 0;) {
        if (poll(&pin, 1, (int)left_ms) <= 0)
            continue;
        char level;
        if (read(BUTTON_PIN, &level, 1) != 1) {
            board->is_on = false;
            return;
        }
        if (level == '0' || level == '1') {
            board->button = level;
            return;
        }
    }
}

/* The tutorial's program. */

static void blink_led(const struct umqtt_message *message, void *board)
{
    if (message->payload.size == 1)
        board_set_led(board, message->payload.data[0] == '0');
}

static int fail(const char *name, enum umqtt_error error)
{
    fprintf(stderr, "%s: %s\n", name, umqtt_error_words(error));
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: blue_green NAME OTHER-NAME HOST PORT\n");
        return 2;
    }
    struct board board = {.name = argv[1], .is_on = true, .button = '1'};

    /* mqtt client setup */
    static uint8_t memory[512];
    struct umqtt_posix posix;
    struct umqtt_client mqttc;
    umqtt_posix_tcp(&posix, argv[3], argv[4]);
    umqtt_client_init(&mqttc, board.name, &posix.transport,
                      (struct umqtt_memory){memory, sizeof memory}, 60);
    enum umqtt_error error = umqtt_connect(&mqttc, NULL);
    if (error != UMQTT_OK)
        return fail(board.name, error);

    /* button and led setup */
    char btn_topic[64], led_topic[64];
    snprintf(btn_topic, sizeof btn_topic, "%s/btn/0", board.name);
    snprintf(led_topic, sizeof led_topic, "%s/btn/0", argv[2]);

    /* mqtt subscription */
    umqtt_set_callback(&mqttc, blink_led, &board);
    error = umqtt_subscribe(&mqttc, led_topic, 0);
    if (error != UMQTT_OK)
        return fail(board.name, error);

    while (board.is_on) {
        umqtt_publish(&mqttc, btn_topic, umqtt_bytes(&board.button, 1), false, 0);
        umqtt_check_msg(&mqttc);
        board_rest(&board);
    }
    umqtt_disconnect(&mqttc);
    return 0;
}
