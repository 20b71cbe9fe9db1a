"""Doubles that write down what is asked of them."""


class Storyteller:
    """Each call of a method in `words` adds a line to the story of `bench`, by default its own."""

    def __init__(self, words=(), bench=None):
        self.story = []
        self._words = words
        self._bench = bench or self

    def __getattr__(self, name):
        # Before __init__ there are none, and self._words would end here again.
        if name not in self.__dict__.get("_words", ()):
            raise AttributeError(name)
        return lambda *given: self._bench.story.append(self._words[name].format(*given))

    def told(self):
        """What happened since the last call."""
        story, self.story = self.story, []
        return story
