"""What can go wrong with a measurement."""


class BenchmarkError(Exception):
    """The figures would be worth nothing; the message says why, in one line."""


class RanOut(BenchmarkError):
    """A side had done all its prepared work long before its time was over."""


class EngineFailed(BenchmarkError):
    """The engine did not start, broke a connection, or refused a request."""
