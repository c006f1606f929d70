"""mqtt.py: a Network Connection in the hands of a test. The one module a test needs for packets.

A Link sends any bytes and reads whole packets. Waiting has one bound for everything, DEADLINE_S: it
is generous because it is only reached when a test fails.

    link = Link(port, v=5)
    link.connect("blue")                          CONNECT and its CONNACK
    link.send(publish("lamp", b"on", qos=1, packet_id=1))
    link.expect(PUBACK, packet_id=1, reason=0)    the very next packet
    link.expect_closed()
"""

import collections
import os
import socket
import time

from packets import *  # noqa: F401,F403: packets.py is this module's other half
from packets import (AUTH, CONNACK, DISCONNECT, NAMES, PINGRESP, PUBACK, PUBCOMP, PUBLISH, PUBREC,
                     PUBREL, SUBACK, UNSUBACK, connect, decode, disconnect, options, pingreq,
                     puback, pubcomp, publish, pubrec, pubrel, subscribe, unsubscribe)

DEADLINE_S = float(os.environ.get("MIDGE_TEST_DEADLINE_S", "20"))


class Closed(AssertionError):
    """The broker closed the connection while a packet was awaited."""


class Late(AssertionError):
    """DEADLINE_S passed."""


class Link:
    # Whether a broker may end a connection of 5.0 without saying why. The standard lets it,
    # mosquitto often does, ours never.
    reasons_are_optional = False

    def __init__(self, port, v=5, name="", receive_buffer=None):
        self.v, self.name = v, name
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(DEADLINE_S)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer, self.at = bytearray(), 0
        self.waiting = collections.deque()  # packets read while another one was awaited
        self.last_packet_id = 0
        self.connack = None

    # ---- bytes and packets ----

    def send(self, *chunks):
        """Sends all of it. A broker that has hung up is found out by what is expected next."""
        try:
            self.socket.sendall(b"".join(chunks))
        except (BrokenPipeError, ConnectionResetError):
            pass

    def receive(self):
        """The next packet; Closed or Late when there is none."""
        if self.waiting:
            return self.waiting.popleft()
        return self._read()

    def receive_or_none(self):
        """The next packet, or None when the connection has ended."""
        try:
            return self.receive()
        except Closed:
            return None

    def expect(self, kind, **fields):
        """The very next packet is this one, with these fields."""
        packet = self.receive()
        self.check(packet, kind, fields)
        return packet

    def check(self, packet, kind, fields):
        wanted = f"{NAMES[kind]}({', '.join(f'{k}={v!r:.120}' for k, v in fields.items())})"
        if packet.kind != kind:
            raise AssertionError(f"{self.name}: wanted {wanted}, got {packet}")
        for field, value in fields.items():
            have = getattr(packet, field)
            if isinstance(value, (tuple, set)) and not isinstance(have, (tuple, set)):
                good = have in value
            else:
                good = have == value
            if not good:
                raise AssertionError(f"{self.name}: wanted {wanted}, got {packet}")

    def expect_closed(self):
        """No packet any more, then the end of the stream."""
        try:
            packet = self.receive()
        except Closed:
            return
        raise AssertionError(f"{self.name}: wanted the end of the connection, got {packet}")

    def expect_ended(self, *reasons):
        """The broker ends the connection: in 5.0 with DISCONNECT and one of these reasons."""
        if self.v == 5 and reasons:
            if self.reasons_are_optional:
                self.expect_gone()
                return
            self.expect(DISCONNECT, reason=reasons)
        self.expect_closed()

    def expect_gone(self):
        """The connection ends, whatever is said before."""
        try:
            while True:
                self.receive()
        except Closed:
            pass

    def expect_end_of_bytes(self):
        """The connection ends; whatever comes before is not even looked at."""
        self.socket.settimeout(DEADLINE_S)
        try:
            while self.socket.recv(65536):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass
        except socket.timeout:
            raise Late(f"{self.name}: still open after {DEADLINE_S} s") from None

    def ping(self):
        """A barrier: all that was sent before has been worked on."""
        self.send(pingreq())
        self.await_kind(PINGRESP)

    def expect_silence(self):
        """Nothing was on its way: the answer to a ping is the next packet."""
        self.send(pingreq())
        self.expect(PINGRESP)

    def close(self):
        """Ends the connection without a word."""
        self.socket.close()

    def shut(self):
        """No more from us; the broker's bytes can still be read."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the broker was quicker

    def await_kind(self, kind, **fields):
        """Reads until this packet; others stay for receive()."""
        kept = collections.deque()
        try:
            while True:
                packet = self.receive()
                if packet.kind == kind and all(
                        getattr(packet, field) == value for field, value in fields.items()):
                    return packet
                if packet.kind == DISCONNECT:
                    raise AssertionError(f"{self.name}: {packet} instead of {NAMES[kind]}")
                kept.append(packet)
        finally:
            self.waiting.extendleft(reversed(kept))

    # ---- a well-behaved client ----

    def connect(self, client_id="", reason=0, **how):
        """CONNECT and its CONNACK with this reason, which is returned."""
        self.name = self.name or client_id
        self.send(connect(client_id, v=self.v, **how))
        self.connack = self.expect(CONNACK, reason=reason)
        return self.connack

    def disconnect(self, reason=0, properties=None):
        """DISCONNECT, and the broker closes."""
        self.send(disconnect(reason, properties, v=self.v))
        self.expect_closed()

    def next_packet_id(self):
        self.last_packet_id = self.last_packet_id % 65535 + 1
        return self.last_packet_id

    def subscribe(self, *filters, qos=0, properties=None, **how):
        """Subscribes and returns the reason codes. A filter is a string or (string, options)."""
        packet_id = self.next_packet_id()
        entries = [(one, options(qos, **how)) if isinstance(one, (str, bytes)) else one
                   for one in filters]
        self.send(subscribe(packet_id, entries, properties, v=self.v))
        reasons = self.await_kind(SUBACK, packet_id=packet_id).reasons
        assert len(reasons) == len(entries), f"{len(entries)} filters, {len(reasons)} codes"
        return reasons

    def unsubscribe(self, *filters, properties=None):
        packet_id = self.next_packet_id()
        self.send(unsubscribe(packet_id, filters, properties, v=self.v))
        return self.await_kind(UNSUBACK, packet_id=packet_id).reasons

    def publish(self, topic, payload=b"", qos=0, retain=False, properties=None):
        """Publishes and waits until the broker has taken it over. Returns the first answer."""
        packet_id = self.next_packet_id() if qos else None
        self.send(publish(topic, payload, qos, packet_id, retain, properties=properties, v=self.v))
        if qos == 0:
            return None
        if qos == 1:
            return self.await_kind(PUBACK, packet_id=packet_id)
        answer = self.await_kind(PUBREC, packet_id=packet_id)
        if answer.reason < 0x80:
            self.send(pubrel(packet_id))
            self.await_kind(PUBCOMP, packet_id=packet_id)
        return answer

    def expect_publish(self, topic, payload=None, **fields):
        """The next packet is this PUBLISH; it is not acknowledged."""
        if payload is not None:
            fields["payload"] = payload
        return self.expect(PUBLISH, topic=topic, **fields)

    def acknowledge(self, packet):
        """Finishes the exchange for a PUBLISH received."""
        if packet.qos == 1:
            self.send(puback(packet.packet_id))
        elif packet.qos == 2:
            self.send(pubrec(packet.packet_id))
            self.await_kind(PUBREL, packet_id=packet.packet_id)
            self.send(pubcomp(packet.packet_id))

    def expect_message(self, topic, payload=None, **fields):
        """The next packet is this PUBLISH, and it is acknowledged as its QoS asks."""
        packet = self.expect_publish(topic, payload, **fields)
        self.acknowledge(packet)
        return packet

    # ---- reading ----

    def _read(self):
        deadline = time.monotonic() + DEADLINE_S
        while True:
            packet = self.take()
            if packet is not None:
                return packet
            left = deadline - time.monotonic()
            if left <= 0:
                raise Late(f"{self.name}: nothing for {DEADLINE_S} s")
            self.socket.settimeout(left)
            try:
                chunk = self.socket.recv(262144)
            except socket.timeout:
                continue
            except (ConnectionResetError, BrokenPipeError):
                chunk = b""
            if not chunk:
                unread = bytes(self.buffer[self.at:])
                raise Closed(f"{self.name}: the broker closed the connection"
                             + (f" after {unread[:40]!r}" if unread else ""))
            self.buffer += chunk

    def take(self):
        """A packet from the buffer, or None as long as it is not all there."""
        buffer, at = self.buffer, self.at
        length, shift, body = 0, 0, at + 1
        while True:
            if body >= len(buffer):
                return None
            digit = buffer[body]
            length |= (digit & 0x7F) << shift
            body, shift = body + 1, shift + 7
            if not digit & 0x80:
                break
            assert shift < 28, "a remaining length of more than four bytes"
        if len(buffer) < body + length:
            return None
        packet = decode(buffer[at], buffer[body:body + length], self.v)
        self.at = body + length
        if self.at > 1 << 20 or self.at == len(buffer):
            del buffer[:self.at]
            self.at = 0
        return packet
