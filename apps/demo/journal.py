"""The shop's own record of what it has replayed, so that a second run goes on where one stopped.

The engine keeps the replies to Idempotency-Keys for 72 hours; a shop must not need them for longer.
"""

import json
import os
from pathlib import Path
from typing import Any


class Journal:
    """Lines of JSON in one file per campaign, appended as groups begin and finish."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._began: dict[int, str] = {}
        self._finished: dict[int, bool] = {}
        self._read()

    def has_finished(self, group_id: int) -> bool:
        """Whether the group needs nothing more."""
        return group_id in self._finished

    def outcomes(self) -> tuple[int, int]:
        """How many groups were finished as (completed, failed), over all runs."""
        completed = sum(self._finished.values())
        return completed, len(self._finished) - completed

    def begin(self, group_id: int, now: str) -> str:
        """When the group's orders happened: now, or when it was first begun.

        Written down before its first request, so that a repeat reports the very same orders.
        """
        if group_id not in self._began:
            # On disk, as the orders will be that name this moment.
            self._append({"began": group_id, "at": now}, durably=True)
            self._began[group_id] = now
        return self._began[group_id]

    def finish(self, group_id: int, *, completed: bool) -> None:
        """Never replay this group again."""
        self._append({"finished": group_id, "completed": completed}, durably=False)
        self._finished[group_id] = completed

    def _read(self) -> None:
        if not self._path.exists():
            return
        text = self._path.read_text()
        if text and not text.endswith("\n"):
            self._write("\n")  # the last line was cut off when its writer was killed
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # cut off, so nobody began to act on it
            if "began" in entry:
                self._began[entry["began"]] = entry["at"]
            else:
                self._finished[entry["finished"]] = entry["completed"]

    def _append(self, entry: dict[str, Any], *, durably: bool) -> None:
        self._write(json.dumps(entry) + "\n", durably=durably)

    def _write(self, text: str, *, durably: bool = False) -> None:
        with self._path.open("a") as file:
            file.write(text)
            if durably:
                file.flush()
                os.fsync(file.fileno())
