"""What the stack refuses to do. Every message is one line, meant for the person at the terminal."""


class StackError(Exception):
    """The stack cannot start or go on; the message says why and, where it can, what to do."""


class AlreadyRunning(StackError):
    """Another process holds the lock of this var folder."""
