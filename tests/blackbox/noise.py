"""noise.py: chance from a seed, the same on every machine."""


class Noise:
    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound

    def bytes(self, size):
        return bytes(self.below(256) for _ in range(size))

    def pick(self, choices):
        return choices[self.below(len(choices))]
