"""python -m benchmarks.processor: one process of the engine that processes events.

Reads a number of seconds from each line of its input, processes due events for so long or until
none is left, and answers with a line of JSON.
"""

import json
import sys
import time

import django

STEP = 5  # events between two looks at the clock


def main() -> None:
    django.setup()
    from apps.core.services import events_process

    print("ready", flush=True)
    for line in sys.stdin:
        began, processed = time.monotonic(), 0
        while time.monotonic() - began < float(line):
            done = events_process(limit=STEP)
            processed += done
            if done < STEP:
                break
        told = {"processed": processed, "began": began, "ended": time.monotonic()}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
