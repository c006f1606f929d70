"""receivers.py: those who are owed messages, and check that they get each one, once, in order."""

import neighbours  # noqa: F401
from mqtt import (PUBACK, PUBLISH, PUBREC, PUBREL, SUBACK, UNSUBACK, Will, disconnect, options,
                  puback, pubcomp, publish, pubrec, subscribe, unsubscribe)
from player import Player, Register
from senders import number_of


class Receiver(Player):
    """A durable subscriber with the receiving half of QoS 1 and 2. `method` says when a QoS 2
    message is taken over: "B" with PUBLISH, "A" with PUBREL (figure 4.3 of the standard)."""

    subscribes = True

    def __init__(self, stage, name, v, qos, filters, method="B"):
        super().__init__(stage, name, v)
        self.qos, self.filters, self.method = qos, filters, method
        self.unreleased = {}    # QoS 2 messages received and not released, by identifier

    def hello_properties(self):
        return {"receive_maximum": 1 + self.stage.noise.below(60)}

    def welcomed(self, session_present):
        if not session_present:
            self.unreleased.clear()
        if not self.is_founded:
            self.say(subscribe(1, [(one, options(self.qos)) for one in self.filters], v=self.v))

    def hear_suback(self, packet):
        if any(reason != self.qos for reason in packet.reasons):
            self.broken(f"SUBACK {packet.reasons}")
        self.is_founded = True

    def hear_publish(self, packet):
        if packet.qos == 0:
            self.deliver(packet)
        elif packet.qos == 1:
            self.deliver(packet)
            self.say(puback(packet.packet_id))
        else:
            before = self.unreleased.get(packet.packet_id)
            if before is None:
                self.unreleased[packet.packet_id] = packet
                if self.method == "B":
                    self.deliver(packet)
            elif (before.topic, before.payload) != (packet.topic, packet.payload):
                self.broken(f"IDENTIFIER {packet.packet_id} of {before.topic} "
                            f"{before.payload[:30]} used again before PUBCOMP")
            else:
                self.stage.counts["QoS 2 sent again" + ("" if packet.dup else " without DUP")] += 1
            self.say(pubrec(packet.packet_id))

    def hear_pubrel(self, packet):
        stored = self.unreleased.pop(packet.packet_id, None)
        if stored is not None and self.method == "A":
            self.deliver(stored)
        self.say(pubcomp(packet.packet_id))

    def deliver(self, packet):
        pass

    HEARS = {SUBACK: hear_suback, PUBLISH: hear_publish, PUBREL: hear_pubrel}


class Rover(Receiver):
    """May stay away for some lives of the broker, up to `absences`."""

    def __init__(self, stage, name, v, qos, filters, method="B", absences=0):
        super().__init__(stage, name, v, qos, filters, method)
        self.absences, self.away = absences, 0

    def begin_cycle(self):
        if self.away:
            self.away -= 1
        elif self.absences and self.is_founded and self.stage.noise.below(3) == 0:
            self.away = 1 + self.stage.noise.below(self.absences)

    def come(self):
        return self.away > 0 or super().come()

    def number_in(self, packet):
        number = number_of(packet.topic, packet.payload)
        if number is None:
            self.broken(f"message on {packet.topic} is not as it was sent: {packet.payload[:60]}")
        return number


class Subscriber(Rover):
    """Follows all publishers."""

    def __init__(self, stage, name, v, qos, method="B", absences=0):
        super().__init__(stage, name, v, qos, ["m/#"], method, absences)
        self.expected = {}      # topic: the number that is next

    def deliver(self, packet):
        number = self.number_in(packet)
        self.stage.counts[f"QoS {packet.qos} delivered"] += 1
        expected = self.expected.get(packet.topic, 0)
        if number == expected:
            self.expected[packet.topic] = number + 1
        elif number > expected:
            self.broken(f"LOST: {packet.topic} {expected} to {number - 1}, for {number} came next",
                        self.stage.publisher_of[packet.topic])
        else:
            self.deliver_again(packet, number)

    def deliver_again(self, packet, number):
        """A message for a second time: never at QoS 2."""
        self.stage.counts["QoS 1 delivered again"] += packet.qos < 2
        if packet.qos == 2:
            self.broken(f"TWICE: {packet.topic} {number}, QoS 2 on both sides")

    def is_settled(self):
        return self.is_here and not self.unreleased and not self.missing()

    def missing(self):
        return ", ".join(f"{topic}: has {self.expected.get(topic, 0)} of {after}"
                         for topic, after in self.stage.published().items()
                         if self.expected.get(topic, 0) != after)


class Crew:
    """What the members of a shared subscription have received together."""

    def __init__(self, stage):
        self.stage = stage
        self.done = {}      # topic: all below this number have come
        self.beyond = {}    # topic: numbers that have come out of turn

    def take(self, member, packet, number):
        topic = packet.topic
        done, beyond = self.done.get(topic, 0), self.beyond.setdefault(topic, set())
        if number < done or number in beyond:
            if packet.qos == 2:
                member.broken(f"TWICE: {topic} {number} came to the crew, QoS 2 on both sides")
            return
        beyond.add(number)
        while done in beyond:
            beyond.remove(done)
            done += 1
        self.done[topic] = done

    def missing(self):
        return ", ".join(f"{topic}: has {self.done.get(topic, 0)} of {after} and "
                         f"{len(self.beyond.get(topic, ()))} beyond"
                         for topic, after in self.stage.published().items()
                         if self.done.get(topic, 0) != after)


class Sharer(Rover):
    """A member of the crew: everything comes to one of them. They may be away for a while."""

    def __init__(self, stage, name, v, crew, absences=0):
        super().__init__(stage, name, v, 2, ["$share/crew/m/#"], "A" if v == 4 else "B", absences)
        self.crew = crew

    def deliver(self, packet):
        number = self.number_in(packet)
        self.stage.counts["delivered to the crew"] += 1
        self.crew.take(self, packet, number)

    def is_settled(self):
        return self.is_here and not self.unreleased and not self.crew.missing()

    def missing(self):
        return self.crew.missing()


class Reader(Player):
    """After each start, before anybody changes them: are the retained messages those that were
    acknowledged last, or later ones that were not acknowledged yet?"""

    durable = False

    def __init__(self, stage, name, v):
        super().__init__(stage, name, v)
        self.begin_cycle()

    def hello_properties(self):
        return {"session_expiry_interval": 0}

    def begin_cycle(self):
        self.is_done = False
        self.seen = set()

    def registers(self):
        return {topic: one for keeper in self.stage.keepers for topic, one in keeper.kept.items()}

    def welcomed(self, session_present):
        self.say(subscribe(1, [("r/#", options(1))], v=self.v))

    def hear_suback(self, packet):
        self.look()

    def hear_publish(self, packet):
        if packet.qos:
            self.say(puback(packet.packet_id))
        if not packet.retain:
            return
        value = bytes(packet.payload)
        register = self.registers()[packet.topic]
        if self.is_done:  # the keepers are at work again: nothing older may come
            is_good = (number_of(packet.topic, value) or 0) >= self.floors[packet.topic]
        else:
            is_good = value in {kept for _, kept in register.possible()}
        if not is_good:
            known = [(number, kept and kept[:24]) for number, kept in register.possible()]
            self.broken(f"RETAINED: {packet.topic} is {value[:24]}, should be one of {known}",
                        *(one for one in self.stage.keepers if packet.topic in one.kept))
        self.stage.counts["retained seen"] += 1
        self.seen.add(packet.topic)
        self.look()

    def look(self):
        """All that must be there is there."""
        if self.is_done:
            return
        registers = self.registers()
        for topic, one in registers.items():
            if topic not in self.seen and None not in {kept for _, kept in one.possible()}:
                return
        self.is_done = True
        self.floors = {topic: one.acknowledged[0] for topic, one in registers.items()}
        self.stage.counts["checks of retained"] += 1
        for keeper in self.stage.keepers:
            keeper.begin()

    def missing(self):
        return ", ".join(topic for topic in self.registers() if topic not in self.seen)

    def is_settled(self):
        return self.is_here and self.is_done

    HEARS = {SUBACK: hear_suback, PUBLISH: hear_publish}


class Dancer(Receiver):
    """Subscribes and unsubscribes. After each start it sends a probe to each of its filters, then
    one to a filter it has always had: what has come until then are the subscriptions in force."""

    FILTERS = 5

    def __init__(self, stage, name, v, qos):
        super().__init__(stage, name, v, qos, [f"d/{name}/fence"])
        self.steps = [Register(False) for _ in range(self.FILTERS)]
        self.asked = {}     # packet identifier: filter index and change of a request under way
        self.last_id = 1
        self.probed = None  # filters whose probe came back; None: not asked yet
        self.budget = 0

    def begin_cycle(self):
        self.probed = None
        self.budget = self.stage.noise.below(30)
        self.asked.clear()  # what was under way stays possible, and is never answered

    def topic(self, index):
        return f"d/{self.name}/{index}"

    def next_id(self):
        self.last_id = self.last_id % 60000 + 2
        return self.last_id

    def welcomed(self, session_present):
        super().welcomed(session_present)
        if self.is_founded:
            self.probe()

    def hear_suback(self, packet):
        if not self.is_founded:
            super().hear_suback(packet)
            self.probe()
        elif packet.packet_id in self.asked:
            self.stepped(packet)

    def probe(self):
        self.probed = set()
        names = [self.topic(index) for index in range(self.FILTERS)] + [self.filters[0]]
        cycle = b"%d" % self.stage.cycle
        self.say(*[publish(name, cycle, 1, self.next_id(), v=self.v) for name in names])

    def deliver(self, packet):
        if packet.payload != b"%d" % self.stage.cycle or self.probed is None:
            return  # of an earlier life
        if packet.topic != self.filters[0]:
            self.probed.add(int(packet.topic.split("/")[-1]))
            return
        for index, step in enumerate(self.steps):
            if (index in self.probed) not in step.possible():
                known = "in force" if index in self.probed else "not in force"
                self.broken(f"SUBSCRIPTION {self.topic(index)} is {known}, {step.possible()}")
            # What nobody answered is known now.
            self.steps[index] = Register(index in self.probed)
        self.stage.counts["checks of subscriptions"] += 1
        self.probed = None
        self.dance()

    def hear_puback(self, packet):
        pass

    def dance(self):
        while self.budget > 0 and len(self.asked) < 3:
            self.budget -= 1
            index = self.stage.noise.below(self.FILTERS)
            step = self.steps[index]
            wanted = not step.latest()
            packet_id = self.next_id()
            self.asked[packet_id] = index, step.change(wanted)
            if wanted:
                self.say(subscribe(packet_id, [(self.topic(index), options(self.qos))], v=self.v))
            else:
                self.say(unsubscribe(packet_id, [self.topic(index)], v=self.v))

    def stepped(self, packet):
        index, change = self.asked.pop(packet.packet_id)
        self.steps[index].settle(change)
        self.stage.counts["subscriptions changed"] += 1
        self.dance()

    def is_settled(self):
        return self.is_here and self.probed is None and self.budget == 0 and not self.asked

    HEARS = {SUBACK: hear_suback, UNSUBACK: stepped, PUBLISH: Receiver.hear_publish,
             PUBREL: Receiver.hear_pubrel, PUBACK: hear_puback}


class Visitor(Player):
    """Makes a session, takes it up, or ends it: is session present the truth?"""

    def __init__(self, stage, name, v):
        super().__init__(stage, name, v)
        self.session = Register(False)

    def begin_cycle(self):
        self.wants_session = self.stage.noise.below(3) > 0

    def hello(self):
        self.durable = self.wants_session
        self.session.change(self.wants_session)
        return super().hello()

    def hello_properties(self):
        return {} if self.wants_session else {"session_expiry_interval": 0}

    def check_welcome(self, packet):
        before = {self.session.acknowledged,
                  *(value for _, value in list(self.session.pending)[:-1])}
        if self.wants_session and packet.session_present not in before:
            self.broken(f"SESSION PRESENT is {packet.session_present}, can only be {before}")
        self.session = Register(self.wants_session)
        self.stage.counts["checks of session present"] += 1
        self.is_here = self.is_founded = True


class Heir(Receiver):
    """Is owed the will of the mortal."""

    def __init__(self, stage, name, v):
        super().__init__(stage, name, v, 1, ["w/#"])
        self.owed = set()

    def deliver(self, packet):
        self.owed.discard(int(packet.payload))
        self.stage.counts["wills received"] += 1

    def is_settled(self):
        return self.is_here and not self.owed - {self.stage.cycle}

    def missing(self):
        return f"the wills {sorted(self.owed)}"


class Mortal(Player):
    """Has a durable session and a will, and never says goodbye. As long as a will is owed it stays
    away, for who comes back early may keep it from being sent."""

    def __init__(self, stage, name, v, heir):
        super().__init__(stage, name, v)
        self.heir = heir
        self.stays_away, self.is_founded = False, True

    def begin_cycle(self):
        self.stays_away = bool(self.heir.owed) or not self.heir.is_founded

    def come(self):
        return self.stays_away or super().come()

    def will(self):
        return Will(f"w/{self.name}", b"%d" % self.stage.cycle, qos=1)

    def welcomed(self, session_present):
        self.heir.owed.add(self.stage.cycle)

    def is_settled(self):
        return True
