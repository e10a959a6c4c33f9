"""Starting, stopping, killing and starting again."""

import os
import signal
import socket
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import redis
from kombu.connection import Connection

from referral_engine.stack import addresses, orphans, postgres, valkey
from referral_engine.stack.binaries import postgres_binary
from referral_engine.stack.errors import AlreadyRunning, StackError
from referral_engine.stack.supervisor import servers
from tests.stack.conftest import SERVERS, Runner, ephemeral_folders, gone, kill, wait_for


def test_everything_is_killed_and_comes_back_with_its_data(runner: Runner) -> None:
    process = runner.start(durable=True)
    runner.sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    with redis.Redis.from_url(addresses.valkey_url(runner.var)) as client:
        client.set("kept", "7")
    killed = runner.pids()
    assert set(killed) == {orphans.SUPERVISOR, "command", *SERVERS}
    kill(killed)
    process.wait()

    runner.start()
    assert runner.sql("SELECT n FROM kept") == [(7,)]
    with redis.Redis.from_url(addresses.valkey_url(runner.var)) as client:
        assert client.get("kept") == b"7"
    assert set(runner.pids().values()).isdisjoint(killed.values())


def test_orphans_of_a_killed_parent_are_swept(runner: Runner) -> None:
    # The grandchild flees into a session of its own, as the processes of honcho do.
    flee = "import subprocess as s, sys; p = s.Popen([sys.executable, '-c', 'import time; "
    flee += "time.sleep(300)'], start_new_session=True); print(p.pid, flush=True); p.wait()"
    process = runner.start([sys.executable, "-c", flee])
    left = runner.pids()
    [grandchild] = [p.pid for p in orphans.marked(runner.var) if p.pid not in left.values()]
    process.kill()
    process.wait()
    assert not any(gone(left[name]) for name in (*SERVERS, "command"))

    runner.start()
    assert all(gone(pid) for pid in left.values())
    assert gone(grandchild)
    assert runner.sql("SELECT 1") == [(1,)]


def test_a_killed_postmaster_and_its_busy_backend_do_not_block_the_next_start(
    runner: Runner,
) -> None:
    process = runner.start()
    left = runner.pids()
    url = addresses.postgres_url(runner.var)
    with closing(psycopg.connect(url, options="-c statement_timeout=0")) as connection:
        connection.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
        kill({name: left[name] for name in (orphans.SUPERVISOR, postgres.NAME)})
        process.wait()
        runner.start()
    assert runner.sql("SELECT 1") == [(1,)]


def test_two_folders_do_not_meet(runner: Runner, closed_runner: Runner) -> None:
    """The second one lies in a closed folder, which root's PostgreSQL has to get through."""
    runner.start()
    closed_runner.start()
    assert closed_runner.var.parent.stat().st_mode & 0o777 == 0o700
    for one in (runner, closed_runner):
        one.sql(f"CREATE TABLE here AS SELECT '{one.var}' AS name")
    for one in (runner, closed_runner):
        assert one.sql("SELECT name FROM here") == [(str(one.var),)]
    if os.geteuid() == 0:
        assert postgres.data_dir(closed_runner.var).stat().st_uid != 0


@pytest.mark.parametrize("name", SERVERS)
def test_the_death_of_a_server_stops_the_stack(runner: Runner, name: str) -> None:
    process = runner.start()
    pids = runner.pids()
    os.kill(pids[name], signal.SIGKILL)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    [line] = said.splitlines()
    assert line.startswith(f"stack: {name} ended by SIGKILL")
    assert all(gone(pid) for pid in pids.values())


def test_ctrl_c_twice_stops_everything(runner: Runner) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    stubborn += "print('up', flush=True); time.sleep(300)"
    process = runner.start([sys.executable, "-c", stubborn])
    pids = runner.pids()
    process.send_signal(signal.SIGINT)
    with pytest.raises(Exception, match="timed out"):
        process.wait(0.5)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 128 + signal.SIGKILL
    assert all(gone(pid) for pid in pids.values())
    assert not addresses.socket_dir(runner.var).exists()


def test_a_second_start_says_that_it_runs_already(runner: Runner) -> None:
    environ = runner.environ()
    with servers(runner.var, environ, durable=False) as found:
        again = runner.run("run", "--", "true")
        assert again.returncode == 1
        [line] = again.stderr.splitlines()
        assert line.startswith(f"stack: already running (pid {os.getpid()})")
        with pytest.raises(AlreadyRunning), servers(runner.var, environ):
            pass
        psycopg.connect(found.database_url).close()
        with Connection(found.broker_url) as broker:  # type: ignore[no-untyped-call]
            broker.ensure_connection(max_retries=1)
        assert runner.run("psql", "-Atc", "SHOW lock_timeout").stdout == "5s\n"
        assert runner.run("status").stdout.count(": running") == 2
    assert runner.run("status").returncode == 3


def test_a_kill_in_the_middle_of_initdb_is_forgotten(runner: Runner) -> None:
    half = runner.var / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    with servers(runner.var, runner.environ(), durable=False):
        assert runner.sql("SHOW server_encoding") == [("UTF8",)]


def test_ephemeral_passes_the_exit_code_on_and_removes_its_folder(runner: Runner) -> None:
    code = "import os, sys, pathlib, psycopg; url = os.environ['DATABASE_URL'];"
    code += "print(psycopg.connect(url).execute('SHOW data_directory').fetchone()[0]); sys.exit(7)"
    done = runner.run("run", "--ephemeral", "--no-fsync", "--", sys.executable, "-c", code)
    assert (done.returncode, done.stderr) == (7, "")
    assert Path(done.stdout.strip()).parent not in ephemeral_folders()
    assert not runner.var.exists()


def test_a_command_that_cannot_be_run_is_one_line(runner: Runner) -> None:
    done = runner.run("run", "--ephemeral", "--no-fsync", "--", "/no/such/program")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "cannot run /no/such/program" in done.stderr


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("DATABASE_URL", "postgresql://ann:s3cret@127.0.0.1:{port}/shop"),
        ("DATABASE_URL", "postgresql://ann:s3cret/x@127.0.0.1:{port}/shop"),
        ("DATABASE_URL", "mysql://ann:s3cret@127.0.0.1/shop"),
        ("REDIS_URL", "redis://:s3cret@127.0.0.1:{port}/0"),
        ("REDIS_URL", "redis://:s3cret#x@127.0.0.1:{port}/0"),
        ("REDIS_URL", "nonsense s3cret"),
    ],
)
def test_a_wrong_url_is_one_line_without_its_password(
    runner: Runner, variable: str, url: str
) -> None:
    with socket.socket() as closed:  # bound and not listening: nobody else can answer there
        closed.bind(("127.0.0.1", 0))
        url = url.format(port=closed.getsockname()[1])
        done = runner.run("run", "--", "true", **{variable: url})
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"stack: {variable}")
    assert "s3cret" not in line + done.stdout
    assert not runner.var.exists()


def test_servers_of_somebody_else_are_used_and_not_stopped(
    runner: Runner, closed_runner: Runner
) -> None:
    with servers(runner.var, runner.environ(), durable=False) as theirs:
        urls = {"DATABASE_URL": theirs.database_url, "REDIS_URL": theirs.redis_url}
        done = closed_runner.run("run", "--", "sh", "-c", "echo $DATABASE_URL", **urls)
        assert done.stdout.strip() == theirs.database_url
        assert runner.sql("SELECT 1") == [(1,)]
        assert not postgres.data_dir(closed_runner.var).exists()
        assert not valkey.data_dir(closed_runner.var).exists()


def test_the_wheel_carries_the_programs_we_use() -> None:
    for name in ("psql", "pgbench", "pg_dump", "pg_basebackup"):
        assert os.access(postgres_binary(name), os.X_OK)
    with pytest.raises(StackError, match="no_such is not installed"):
        postgres_binary("no_such")


def test_the_lock_is_free_after_a_failed_start(runner: Runner) -> None:
    postgres.data_dir(runner.var).mkdir(parents=True)
    (postgres.data_dir(runner.var) / "PG_VERSION").write_text("13\n")
    for _ in range(2):
        stack = servers(runner.var, runner.environ())
        with pytest.raises(StackError, match="made by PostgreSQL 13"), stack:
            pass
    wait_for(lambda: not addresses.socket_dir(runner.var).exists())
