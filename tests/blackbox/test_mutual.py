"""Two clients that flood each other, and answer as they go: neither waits for ever."""

import selectors

from mqtt import *
from story import Story, main, matrix, mosquitto_deviates, versions

COUNT = 6000  # messages each way, all sent before the first acknowledgement of the other's is


class Talker:
    """A client that never blocks: what it has to say, and PUBACKs for what it hears."""

    def __init__(self, link, to):
        self.link, self.heard = link, []
        self.out = bytearray(b"".join(bytes(publish(to, b"%d" % number, 1, number + 1, v=link.v))
                                      for number in range(COUNT)))
        self.acknowledged = 0
        link.socket.setblocking(False)

    def turn(self):
        try:
            while self.out:
                del self.out[:self.link.socket.send(self.out)]
        except BlockingIOError:
            pass
        try:
            chunk = self.link.socket.recv(262144)
        except BlockingIOError:
            return
        if not chunk:
            raise Closed(f"{self.link.name}: closed in the middle")
        self.link.buffer += chunk
        while (packet := self.link.take()) is not None:
            if packet.kind == PUBACK:
                self.acknowledged += 1
            else:
                self.heard.append(int(packet.payload))
                self.out += puback(packet.packet_id)


class Mutual(Story):
    @matrix
    @versions(4, 5)
    @mosquitto_deviates("drops what is beyond max_queued_messages")
    def test_flooding_each_other(self, v):
        """[MQTT-4.5.0-1][v3 MQTT-4.5.0-1] two clients flood each other: all arrives, in order"""
        links = [self.client("blue", v), self.client("green", v)]
        for link in links:
            link.subscribe(self.topic(f"to/{link.name}"), qos=1)
        talkers = [Talker(links[0], self.topic("to/green")),
                   Talker(links[1], self.topic("to/blue"))]
        with selectors.DefaultSelector() as selector:
            for talker in talkers:
                selector.register(talker.link.socket, selectors.EVENT_READ, talker)
            while any(len(talker.heard) < COUNT for talker in talkers):
                for talker in talkers:
                    wanted = selectors.EVENT_WRITE if talker.out else 0
                    selector.modify(talker.link.socket, selectors.EVENT_READ | wanted, talker)
                self.assertTrue(selector.select(DEADLINE_S), "nobody says anything any more")
                for talker in talkers:
                    talker.turn()
        for talker in talkers:
            self.assertEqual(list(range(COUNT)), talker.heard)


if __name__ == "__main__":
    main()
