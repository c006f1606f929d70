"""How long a broker waits for a silent client."""

from mqtt import *
from story import Story, is_mosquitto, main, mosquitto_deviates, versions


class KeepAlive(Story):
    @versions(3, 4, 5)
    def test_one_and_a_half_times(self, v):
        """[MQTT-3.1.2-22][v3 MQTT-3.1.2-24] nothing for 1.5 times the keep alive: 0x8D, closed"""
        silent = self.client("silent", v, keep_alive=1)
        lively = self.client("lively", v, keep_alive=60)
        silent.expect_ended(0x8D)
        lively.expect_silence()

    @versions(4, 5)
    def test_any_packet_counts(self, v):
        """[MQTT-3.1.2-22][v3 MQTT-3.1.2-24] any packet holds the connection, not only PINGREQ"""
        client = self.client("busy", v, keep_alive=1)
        for number in range(4):
            self.let_time_pass(0.6)
            client.publish(self.topic("t"), b"x", number % 3)
        client.ping()

    def test_receiving_does_not_count(self):
        """[MQTT-3.1.2-22] what the broker sends does not hold the connection"""
        silent = self.client("silent", 4, keep_alive=1)
        silent.subscribe(self.topic("t"))
        other = self.client("other")
        for _ in range(int(10 * DEADLINE_S)):
            other.publish(self.topic("t"), b"x", 1)
            self.let_time_pass(0.1)
            try:
                silent.expect(PUBLISH)
            except Closed:
                return
        self.fail("still connected")

    @versions(4, 5)
    def test_zero_means_none(self, v):
        """[MQTT-3.1.2-22][v3 MQTT-3.1.2-24] keep alive 0: never closed for being silent"""
        client = self.client("calm", v, keep_alive=0)
        self.let_time_pass(2)
        client.ping()

    def test_half_a_packet(self):
        """[MQTT-3.1.2-22] half a packet does not count as one"""
        client = self.client("cut", 5, keep_alive=1)
        client.send(publish(self.topic("t"), b"payload")[:7])
        client.expect_ended(0x8D)


class Granted(Story):
    def test_server_keep_alive(self):
        """[MQTT-3.1.2-21][MQTT-3.2.2-21] max_keepalive: 5.0 is told, and held to it"""
        longest = 10 if is_mosquitto() else 2
        self.use(f"max_keepalive {longest}")
        long = [self.client(f"k{keep_alive}", keep_alive=keep_alive) for keep_alive in (600, 0)]
        short = self.client("short", keep_alive=longest - 1)
        self.assertNotIn("server_keep_alive", short.connack.properties)
        for client in long:
            self.assertEqual(client.connack.properties["server_keep_alive"], longest)
        for client in long:
            client.expect_ended(0x8D)

    @mosquitto_deviates("accepts them")
    def test_server_keep_alive_for_3(self):
        """[v3 MQTT-3.2.2-5] max_keepalive: 3.x cannot be told, so a longer one is refused"""
        self.use("max_keepalive 10")
        for keep_alive in (0, 11):
            self.client("long", 4, reason=(2, 3, 5), keep_alive=keep_alive).expect_closed()
        self.client("short", 4, keep_alive=10)


if __name__ == "__main__":
    main()
