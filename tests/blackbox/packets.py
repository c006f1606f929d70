"""packets.py: MQTT packets and their bytes, for 3.1, 3.1.1 and 5.0, in both directions.

An encoder returns the bytes of one packet and checks nothing, so that a test can also say what the
standard forbids. decode() is strict: what a broker sends has to be well formed, or the test fails.

Properties are written as a dictionary {name: value}, as a list of (name, value) where order or
repetition matters, or as bytes that are taken as they are.
"""

import struct

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = range(8, 16)

NAMES = {
    CONNECT: "CONNECT", CONNACK: "CONNACK", PUBLISH: "PUBLISH", PUBACK: "PUBACK",
    PUBREC: "PUBREC", PUBREL: "PUBREL", PUBCOMP: "PUBCOMP", SUBSCRIBE: "SUBSCRIBE",
    SUBACK: "SUBACK", UNSUBSCRIBE: "UNSUBSCRIBE", UNSUBACK: "UNSUBACK", PINGREQ: "PINGREQ",
    PINGRESP: "PINGRESP", DISCONNECT: "DISCONNECT", AUTH: "AUTH",
}

# The flags of the fixed header; PUBLISH makes its own.
FLAGS = {PUBREL: 2, SUBSCRIBE: 2, UNSUBSCRIBE: 2}

# name: (identifier, type)
PROPERTIES = {
    "payload_format_indicator": (0x01, "byte"),
    "message_expiry_interval": (0x02, "four"),
    "content_type": (0x03, "text"),
    "response_topic": (0x08, "text"),
    "correlation_data": (0x09, "binary"),
    "subscription_identifier": (0x0B, "variable"),
    "session_expiry_interval": (0x11, "four"),
    "assigned_client_identifier": (0x12, "text"),
    "server_keep_alive": (0x13, "two"),
    "authentication_method": (0x15, "text"),
    "authentication_data": (0x16, "binary"),
    "request_problem_information": (0x17, "byte"),
    "will_delay_interval": (0x18, "four"),
    "request_response_information": (0x19, "byte"),
    "response_information": (0x1A, "text"),
    "server_reference": (0x1C, "text"),
    "reason_string": (0x1F, "text"),
    "receive_maximum": (0x21, "two"),
    "topic_alias_maximum": (0x22, "two"),
    "topic_alias": (0x23, "two"),
    "maximum_qos": (0x24, "byte"),
    "retain_available": (0x25, "byte"),
    "user_property": (0x26, "pair"),
    "maximum_packet_size": (0x27, "four"),
    "wildcard_subscription_available": (0x28, "byte"),
    "subscription_identifier_available": (0x29, "byte"),
    "shared_subscription_available": (0x2A, "byte"),
}
PROPERTY_NAMES = {row[0]: (name, row[1]) for name, row in PROPERTIES.items()}
REPEATED = ("user_property", "subscription_identifier")


class Malformed(AssertionError):
    """The broker sent bytes that are no packet of the standard."""


class Packet:
    """A decoded packet: its kind, and fields as attributes."""

    def __init__(self, kind, **fields):
        self.kind = kind
        self.__dict__.update(fields)

    def __repr__(self):
        fields = [
            f"{name}={value!r:.120}" for name, value in self.__dict__.items() if name != "kind"
        ]
        return f"{NAMES[self.kind]}({', '.join(fields)})"


# ---- encoding ------------------------------------------------------------------------------------


def variable(number, width=1):
    """A variable byte integer, in at least `width` bytes (more than it needs is forbidden)."""
    out = bytearray()
    while True:
        number, digit = number >> 7, number & 0x7F
        more = number > 0 or len(out) + 1 < width
        out.append(digit | (0x80 if more else 0))
        if not more:
            return bytes(out)


def two(number):
    return struct.pack("!H", number)


def four(number):
    return struct.pack("!I", number)


def binary(value):
    return two(len(value)) + value


def text(value):
    """A string; bytes pass unchecked, so that bad UTF-8 can be written."""
    return binary(value if isinstance(value, bytes) else value.encode("utf-8"))


def property_bytes(properties):
    """The properties without their length."""
    if properties is None:
        return b""
    if isinstance(properties, bytes):
        return properties
    if isinstance(properties, dict):
        pairs = []
        for name, value in properties.items():
            many = name in REPEATED and isinstance(value, list)
            pairs += [(name, one) for one in (value if many else [value])]
    else:
        pairs = properties
    out = b""
    for name, value in pairs:
        identifier, kind = PROPERTIES[name]
        out += bytes([identifier])
        if kind == "byte":
            out += bytes([value])
        elif kind == "two":
            out += two(value)
        elif kind == "four":
            out += four(value)
        elif kind == "variable":
            out += variable(value)
        elif kind == "pair":
            out += text(value[0]) + text(value[1])
        else:
            out += text(value)
    return out


def with_length(properties):
    encoded = property_bytes(properties)
    return variable(len(encoded)) + encoded


def frame(kind, body=b"", flags=None):
    """A fixed header with the right length, and what follows it."""
    first = kind << 4 | (FLAGS.get(kind, 0) if flags is None else flags)
    return bytes([first]) + variable(len(body)) + body


def connect(client_id="", v=5, clean=True, keep_alive=0, will=None, user_name=None, password=None,
            properties=None, name=None, level=None, flags=None):
    """`will` is a Will. `flags`, `name` and `level` stand in place of the right ones."""
    bits = 0x02 if clean else 0
    tail = text(client_id)
    if will is not None:
        bits |= 0x04 | will.qos << 3 | (0x20 if will.retain else 0)
        if v == 5:
            tail += with_length(will.properties)
        tail += text(will.topic) + binary(will.payload)
    if user_name is not None:
        bits |= 0x80
        tail += text(user_name)
    if password is not None:
        bits |= 0x40
        tail += binary(password)
    if name is None:
        name = "MQIsdp" if v == 3 else "MQTT"
    body = text(name) + bytes([v if level is None else level])
    body += bytes([bits if flags is None else flags]) + two(keep_alive)
    if v == 5:
        body += with_length(properties)
    return frame(CONNECT, body + tail)


class Will:
    def __init__(self, topic, payload=b"gone", qos=0, retain=False, properties=None):
        self.topic, self.payload, self.qos, self.retain = topic, payload, qos, retain
        self.properties = properties


def connack(reason=0, session_present=False, properties=None, v=5):
    body = bytes([1 if session_present else 0, reason])
    return frame(CONNACK, body + (with_length(properties) if v == 5 else b""))


def publish(topic, payload=b"", qos=0, packet_id=None, retain=False, dup=False, properties=None,
            v=5, flags=None):
    body = text(topic)
    if packet_id is not None:
        body += two(packet_id)
    if v == 5:
        body += with_length(properties)
    if flags is None:
        flags = (8 if dup else 0) | qos << 1 | (1 if retain else 0)
    return frame(PUBLISH, body + payload, flags)


def acknowledgement(kind, packet_id, reason=0, properties=None):
    """PUBACK, PUBREC, PUBREL or PUBCOMP, as short as it may be."""
    body = two(packet_id)
    if reason or properties is not None:
        body += bytes([reason])
    if properties is not None:
        body += with_length(properties)
    return frame(kind, body)


def puback(packet_id, reason=0, properties=None):
    return acknowledgement(PUBACK, packet_id, reason, properties)


def pubrec(packet_id, reason=0, properties=None):
    return acknowledgement(PUBREC, packet_id, reason, properties)


def pubrel(packet_id, reason=0, properties=None):
    return acknowledgement(PUBREL, packet_id, reason, properties)


def pubcomp(packet_id, reason=0, properties=None):
    return acknowledgement(PUBCOMP, packet_id, reason, properties)


def options(qos=0, no_local=False, retain_as_published=False, retain_handling=0):
    """The byte that follows a filter in SUBSCRIBE."""
    return (qos | (4 if no_local else 0) | (8 if retain_as_published else 0)
            | retain_handling << 4)


def subscribe(packet_id, filters, properties=None, v=5, flags=None):
    """`filters`: pairs of filter and options byte."""
    body = two(packet_id) + (with_length(properties) if v == 5 else b"")
    for topic_filter, byte in filters:
        body += text(topic_filter) + bytes([byte])
    return frame(SUBSCRIBE, body, flags)


def suback(packet_id, reasons, properties=None, v=5):
    return frame(SUBACK, two(packet_id) + (with_length(properties) if v == 5 else b"")
                 + bytes(reasons))


def unsubscribe(packet_id, filters, properties=None, v=5, flags=None):
    body = two(packet_id) + (with_length(properties) if v == 5 else b"")
    return frame(UNSUBSCRIBE, body + b"".join(text(one) for one in filters), flags)


def unsuback(packet_id, reasons=(), properties=None, v=5):
    tail = with_length(properties) + bytes(reasons) if v == 5 else b""
    return frame(UNSUBACK, two(packet_id) + tail)


def pingreq():
    return frame(PINGREQ)


def pingresp():
    return frame(PINGRESP)


def disconnect(reason=0, properties=None, v=5):
    if v != 5 or (reason == 0 and properties is None):
        return frame(DISCONNECT)
    return frame(DISCONNECT, bytes([reason])
                 + (with_length(properties) if properties is not None else b""))


def auth(reason=0, properties=None):
    if reason == 0 and properties is None:
        return frame(AUTH)
    return frame(AUTH, bytes([reason]) + with_length(properties))


# ---- decoding ------------------------------------------------------------------------------------


class Reader:
    def __init__(self, data):
        self.data, self.at = bytes(data), 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if self.left() < count:
            raise Malformed(f"{count} bytes wanted at {self.at} of {self.data[:80]!r}")
        self.at += count
        return self.data[self.at - count:self.at]

    def byte(self):
        return self.take(1)[0]

    def two(self):
        return struct.unpack("!H", self.take(2))[0]

    def four(self):
        return struct.unpack("!I", self.take(4))[0]

    def variable(self):
        value = 0
        for shift in (0, 7, 14, 21):
            digit = self.byte()
            value |= (digit & 0x7F) << shift
            if not digit & 0x80:
                if digit == 0 and shift > 0:
                    raise Malformed("a variable byte integer longer than it needs to be")
                return value
        raise Malformed("a variable byte integer of more than four bytes")

    def binary(self):
        return self.take(self.two())

    def text(self):
        return self.binary().decode("utf-8")

    def rest(self):
        return self.take(self.left())

    def properties(self):
        inner = Reader(self.take(self.variable()))
        found = {}
        while inner.left():
            identifier = inner.byte()
            if identifier not in PROPERTY_NAMES:
                raise Malformed(f"unknown property 0x{identifier:02x}")
            name, kind = PROPERTY_NAMES[identifier]
            value = (inner.text(), inner.text()) if kind == "pair" else getattr(inner, kind)()
            if name in REPEATED:
                found.setdefault(name, []).append(value)
            elif name in found:
                raise Malformed(f"{name} stands twice")
            else:
                found[name] = value
        return found


def decode(first, body, v):
    """One packet from its first byte and what follows the length."""
    kind, flags = first >> 4, first & 15
    if kind not in DECODERS:
        raise Malformed(f"packet type {kind}")
    if kind != PUBLISH and flags != FLAGS.get(kind, 0):
        raise Malformed(f"flags {flags} on {NAMES[kind]}")
    reader = Reader(body)
    packet = DECODERS[kind](kind, flags, reader, v)
    if reader.left():
        raise Malformed(f"{reader.left()} bytes too many after {packet}")
    return packet


def decode_connect(kind, _flags, reader, _v):
    name, level, bits, keep_alive = reader.text(), reader.byte(), reader.byte(), reader.two()
    packet = Packet(kind, name=name, v=level, clean=bool(bits & 2), keep_alive=keep_alive,
                    will=None, user_name=None, password=None,
                    properties=reader.properties() if level == 5 else {}, client_id=reader.text())
    if bits & 4:
        properties = reader.properties() if level == 5 else {}
        packet.will = Will(reader.text(), reader.binary(), bits >> 3 & 3, bool(bits & 32),
                           properties)
    if bits & 128:
        packet.user_name = reader.text()
    if bits & 64:
        packet.password = reader.binary()
    return packet


def decode_connack(kind, _flags, reader, v):
    bits, reason = reader.byte(), reader.byte()
    if bits & 0xFE:
        raise Malformed("[MQTT-3.2.2-1] flag bits 7 to 1 of CONNACK are not 0")
    # A broker answers a version it does not speak in a form it does.
    properties = reader.properties() if v == 5 and reader.left() else {}
    return Packet(kind, session_present=bool(bits), reason=reason, properties=properties)


def decode_publish(kind, flags, reader, v):
    qos = flags >> 1 & 3
    if qos == 3:
        raise Malformed("[MQTT-3.3.1-4] a PUBLISH with QoS 3")
    topic = reader.text()
    packet_id = reader.two() if qos else None
    if packet_id == 0:
        raise Malformed("[MQTT-2.2.1-4] a PUBLISH with packet identifier 0")
    if qos == 0 and flags & 8:
        raise Malformed("[MQTT-3.3.1-2] DUP on a QoS 0 PUBLISH")
    properties = reader.properties() if v == 5 else {}
    return Packet(kind, topic=topic, payload=reader.rest(), qos=qos, packet_id=packet_id,
                  retain=bool(flags & 1), dup=bool(flags & 8), properties=properties)


def decode_acknowledgement(kind, _flags, reader, v):
    packet_id = reader.two()
    reason = reader.byte() if v == 5 and reader.left() else 0
    properties = reader.properties() if v == 5 and reader.left() else {}
    return Packet(kind, packet_id=packet_id, reason=reason, properties=properties)


def decode_subscribe(kind, _flags, reader, v):
    packet = Packet(kind, packet_id=reader.two(),
                    properties=reader.properties() if v == 5 else {}, filters=[])
    while reader.left():
        packet.filters.append((reader.text(), reader.byte()))
    return packet


def decode_unsubscribe(kind, _flags, reader, v):
    packet = Packet(kind, packet_id=reader.two(),
                    properties=reader.properties() if v == 5 else {}, filters=[])
    while reader.left():
        packet.filters.append(reader.text())
    return packet


def decode_suback(kind, _flags, reader, v):
    packet_id = reader.two()
    properties = reader.properties() if v == 5 else {}
    return Packet(kind, packet_id=packet_id, properties=properties, reasons=list(reader.rest()))


def decode_empty(kind, _flags, _reader, _v):
    return Packet(kind)


def decode_disconnect(kind, _flags, reader, v):
    reason = reader.byte() if v == 5 and reader.left() else 0
    properties = reader.properties() if v == 5 and reader.left() else {}
    return Packet(kind, reason=reason, properties=properties)


DECODERS = {
    CONNECT: decode_connect, CONNACK: decode_connack, PUBLISH: decode_publish,
    PUBACK: decode_acknowledgement, PUBREC: decode_acknowledgement,
    PUBREL: decode_acknowledgement, PUBCOMP: decode_acknowledgement,
    SUBSCRIBE: decode_subscribe, SUBACK: decode_suback, UNSUBSCRIBE: decode_unsubscribe,
    UNSUBACK: decode_suback, PINGREQ: decode_empty, PINGRESP: decode_empty,
    DISCONNECT: decode_disconnect, AUTH: decode_disconnect,
}
