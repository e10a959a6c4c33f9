"""Where the servers are, without starting any."""

from pathlib import Path

import dj_database_url
import pytest

from referral_engine.stack import addresses
from referral_engine.stack.errors import StackError

VAR = Path("/somewhere/with a space/var")


def test_what_the_environment_says_is_taken_verbatim() -> None:
    environ = {"DATABASE_URL": "postgresql://ann:s%2Fx@db/shop", "REDIS_URL": "rediss://cache/3"}
    found = addresses.resolve(environ, VAR)
    assert found == addresses.Addresses(
        environ["DATABASE_URL"],
        environ["REDIS_URL"],
        embedded_postgres=False,
        embedded_valkey=False,
    )
    assert found.broker_url == "rediss://cache/3"


def test_an_empty_variable_means_embedded() -> None:
    found = addresses.resolve({"DATABASE_URL": " ", "REDIS_URL": ""}, VAR)
    assert found.embedded_postgres
    assert found.embedded_valkey


def test_django_understands_the_embedded_addresses() -> None:
    found = addresses.resolve({}, VAR)
    parsed = dj_database_url.parse(found.database_url)
    folder = str(addresses.socket_dir(VAR))
    assert (parsed["HOST"], parsed["USER"], parsed["NAME"]) == (folder, "engine", "engine")
    assert found.redis_url == f"unix://{folder}/valkey.sock?db=0"
    assert found.broker_url == f"redis+socket://{folder}/valkey.sock?virtual_host=0"


def test_two_folders_have_two_short_addresses(tmp_path: Path) -> None:
    here, there = addresses.socket_dir(tmp_path / "a"), addresses.socket_dir(tmp_path / "b")
    assert here != there
    assert here == addresses.socket_dir(tmp_path / "b" / ".." / "a")
    assert len(str(addresses.socket_dir(tmp_path / ("long" * 50)) / ".s.PGSQL.5432.lock")) < 100


def test_var_is_in_the_checkout_unless_engine_var_says_otherwise() -> None:
    base = Path("/checkout")
    assert addresses.var_dir({}, base) == Path("/checkout/var")
    assert addresses.var_dir({"ENGINE_VAR": "other"}, base) == Path("/checkout/other")
    assert addresses.var_dir({"ENGINE_VAR": "/data"}, base) == Path("/data")


def test_a_socket_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    squatted = addresses.socket_dir(tmp_path)
    squatted.symlink_to(tmp_path)
    try:
        with pytest.raises(StackError, match="belongs to somebody else"):
            addresses.resolve({}, tmp_path)
    finally:
        squatted.unlink()
