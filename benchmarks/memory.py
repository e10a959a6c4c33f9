"""How much memory the engine's processes hold while they work."""

import threading
from collections.abc import Sequence
from contextlib import suppress

import psutil

PAUSE_SECONDS = 0.1


class Peak:
    """The most resident memory that processes and their children held, all together, in its blocks.

    The block may run again: the highest peak counts. Pages they share are counted in each.
    """

    def __init__(self, parents: Sequence[int]) -> None:
        self._parents = parents
        self._bytes = 0
        self._over = threading.Event()
        self._watcher = threading.Thread()
        self.processes = 0

    @property
    def mebibytes(self) -> float:
        return self._bytes / 2**20

    def __enter__(self) -> None:
        parents = [psutil.Process(pid) for pid in self._parents]
        family = [one for parent in parents for one in (parent, *parent.children(recursive=True))]
        self.processes = max(self.processes, len(family))
        self._over.clear()
        self._watcher = threading.Thread(target=self._watch, args=(family,), daemon=True)
        self._watcher.start()

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._watcher.join()

    def _watch(self, family: Sequence[psutil.Process]) -> None:
        while True:
            self._bytes = max(self._bytes, sum(_resident(process) for process in family))
            if self._over.wait(PAUSE_SECONDS):
                return


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0
