"""The plan of the house: which room may look into which.

This list is complete. Whoever changes it changes ARCHITECTURE.md in the same commit.
"""

# Floors, from the ground up. Tests may use every room below their own.
FLOORS = {
    "base": 1,
    "topic": 2, "net": 2,
    "access": 3, "wire": 3,
    "core": 4, "umqtt": 4,
    "store": 5, "identity": 5, "cluster": 5, "web": 5,
    "cli": 6, "sim": 6, "config": 6,
    "broker": 7,
}

# room -> what it may include: a whole room, or single headers of one. Every room may use base.
ARROWS = {
    "base": [],
    "topic": [],
    "net": [],
    "wire": ["topic"],
    "access": ["topic"],
    "umqtt": ["wire", "topic"],
    "core": ["access", "wire", "topic"],
    "store": ["core/record.h", "wire", "topic"],
    "identity": ["access", "net", "core/event.h"],
    "cluster": ["core/peers.h", "wire", "net"],
    "web": ["core/inspect.h", "net"],
    "config": ["*/*_options.h"],
    "cli": ["umqtt", "net", "topic", "store", "identity/password_file.h"],
    "sim": ["core", "umqtt", "store", "wire"],
    "broker": ["*"],
}

# The client library is for everybody: its header lies outside the rooms.
PUBLIC_HEADERS = {"umqtt.h": ("umqtt", "cli", "sim", "broker")}


def may_include(room, target_room, target_file, is_test):
    """Whether a file of `room` may include "target_room/target_file"."""
    if target_room in (room, "base"):
        return True
    if is_test and FLOORS.get(target_room, 99) < FLOORS[room]:
        return True
    for arrow in ARROWS[room]:
        if arrow in ("*", target_room, f"{target_room}/{target_file}"):
            return True
        if arrow == "*/*_options.h" and target_file.endswith("_options.h"):
            return FLOORS.get(target_room, 99) < FLOORS[room]
    return False


def circles(edges):
    """The groups of two or more modules that need each other in a loop (Tarjan's algorithm)."""
    index, low, on_stack, stack, found = {}, {}, set(), [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for other in sorted(edges.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on_stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = []
            while True:
                member = stack.pop()
                on_stack.discard(member)
                group.append(member)
                if member == node:
                    break
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found
