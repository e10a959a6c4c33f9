"""A Chromium for the browser tests: the one that is there, or one installed now.

`python -m tests.browser.chromium` prints its path, so that installing happens before the tests.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL_SECONDS = 600

LAUNCH = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoChromium(Exception):
    """There is none, and none of the ways to install one worked. Its text says what was tried."""


def found() -> str | None:
    """The path of a Chromium on this machine: the one CHROMIUM names, else on PATH, else
    Playwright's own. None when there is none. Raises NoChromium when CHROMIUM names no program."""
    if named := os.environ.get("CHROMIUM"):
        if path := shutil.which(named):
            return path
        raise NoChromium(f"CHROMIUM={named} is not a program that can be run.")
    on_path = (path for name in NAMES if (path := shutil.which(name)))
    return next(on_path, None) or _playwrights_own()


def found_or_installed() -> str:
    """The path of a Chromium, installed by apt-get or by Playwright if need be.

    Raises NoChromium when neither works.
    """
    if path := found():
        return path
    tried = []
    for install in (_install_by_apt, _install_by_playwright):
        tried.append(install())
        if path := found():
            return path
    raise NoChromium(
        "The browser tests need Chromium and there is none. Install it, or set CHROMIUM to its "
        "path. Tried:\n" + "\n".join(tried)
    )


def _playwrights_own() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install_by_apt() -> str:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return "apt-get install chromium: needs root and apt-get."
    return _run(
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
    )


def _install_by_playwright() -> str:
    return _run([sys.executable, "-m", "playwright", "install", "chromium"])


def _run(*commands: list[str]) -> str:
    """Run them until one fails; the last one's command line and what it said in the end."""
    said = ""
    for command in commands:
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        print(f"{' '.join(command)} …", file=sys.stderr)
        try:
            ran = subprocess.run(
                command, env=environ, capture_output=True, text=True, timeout=INSTALL_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{' '.join(command)}: {error}"
        said = f"{' '.join(command)}: exit {ran.returncode}\n{(ran.stdout + ran.stderr)[-600:]}"
        if ran.returncode:
            break
    return said


def main() -> int:
    try:
        print(found_or_installed())
    except NoChromium as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
