"""Which database this process works in, and all that it starts."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import psycopg
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from benchmarks.database import fresh_database


@contextmanager
def own_database(server_url: str) -> Iterator[str]:
    """Have this process use a fresh database, migrated, as long as the block lasts."""
    with fresh_database(server_url) as url, using(url):
        call_command("migrate", verbosity=0)
        yield url


@contextmanager
def using(url: str) -> Iterator[None]:
    """Have this process use the database at `url` as long as the block lasts."""
    former = connection.settings_dict["NAME"], os.environ["DATABASE_URL"]
    try:
        _use(_name(url), url)
        yield
    finally:
        _use(*former)


@contextmanager
def copied_database(url: str) -> Iterator[str]:
    """The URL of a copy of the database at `url`, where nobody may be at work; dropped afterwards."""
    connection.close()
    name = f"{_name(url)}_copy"
    of, copy = sql.Identifier(_name(url)), sql.Identifier(name)
    with psycopg.connect(_beside(url, "postgres"), autocommit=True) as session:
        session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(copy, of))
    try:
        yield _beside(url, name)
    finally:
        with suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as session:
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(copy))


def _beside(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _name(url: str) -> str:
    return urlsplit(url).path[1:]


def _use(name: str, url: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name
    os.environ["DATABASE_URL"] = url
