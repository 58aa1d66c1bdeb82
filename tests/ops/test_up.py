"""`manage.py up` with real processes and real kills."""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from http.client import HTTPException

import psutil
import pytest
from django.urls import reverse

from common.local_servers import socket_dir
from launcher import addresses, preflight
from launcher.errors import StartError
from launcher.preflight import DATA_DIR_VARIABLE
from tests.running_site import RunningSite, free_port
from tests.servers import PROJECT, SERVER_VARIABLES, make_data_dir
from tests.visitors import Visitor


@pytest.fixture(scope="module")
def own_site():
    """Start a site for these tests alone, because they stop and kill it; its folder has a long and unusual name."""
    base = make_data_dir("up")
    running = RunningSite(base / "Ünusual name, with spaces" / ("x" * 90), RATE_LIMITS="off")
    try:
        yield running.start()
    finally:
        running.remove()
        shutil.rmtree(base, ignore_errors=True)


def refused_start(**variables):
    """Run `up` where it must refuse to start; return the error, which must be a single line."""
    environment = {name: value for name, value in os.environ.items() if name not in SERVER_VARIABLES}
    folder = None
    if "DATA_DIR" not in variables:
        folder = variables["DATA_DIR"] = str(make_data_dir("refused"))
    done = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=PROJECT,
        env=environment | {"PORT": str(free_port()), "DEMO": "0"} | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if folder:
        shutil.rmtree(folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr.strip()


def get(site, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}{path}", timeout=10) as answer:
        return answer.status, answer.read().decode()


def remaining_processes(site):
    """Return all processes started for the site's folder or working in it."""
    data_dir = str(site.data_dir)
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.environ().get(DATA_DIR_VARIABLE) == data_dir or process.cwd().startswith(data_dir):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def users(site):
    return [name for (name,) in site.sql("SELECT username FROM accounts_user ORDER BY id")]


def test_the_site_answers_once_up_says_that_it_is_ready(own_site):
    assert get(own_site, "/healthz")[0] == 200
    assert get(own_site, "/readyz")[0] == 200
    names = {"postgres", "valkey", "web", "realtime", "media", "video", "feed", "default", "beat"}
    assert set(own_site.parts()) == names


def test_only_web_and_sockets_listen_on_ports(own_site):
    ports = {
        connection.laddr.port
        for process in own_site.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert ports == {own_site.port, own_site.realtime_port}


def test_a_default_port_of_sockets_that_is_in_use_is_replaced(monkeypatch, settings):
    with preflight.open_port("PORT", 0) as taken:
        settings.REALTIME_PORT = taken.getsockname()[1]
        monkeypatch.delenv("REALTIME_PORT", raising=False)
        with preflight.open_realtime_port() as chosen:
            assert chosen.getsockname()[1] != settings.REALTIME_PORT
        monkeypatch.setenv("REALTIME_PORT", str(settings.REALTIME_PORT))
        with pytest.raises(StartError, match=r"REALTIME_PORT [0-9]+ is in use"):
            preflight.open_realtime_port()


def test_a_second_start_on_the_same_data_is_refused_with_the_address_of_the_first(own_site):
    error = refused_start(DATA_DIR=str(own_site.data_dir))
    assert "already runs" in error
    assert f":{own_site.port}" in error


def test_two_sites_run_side_by_side(own_site, site):
    carol = Visitor(site.port).sign_up("carol")

    assert carol.username in users(site)
    assert carol.username not in users(own_site)


@pytest.mark.promise("D19")
def test_a_dump_restored_into_another_database_has_the_same_users(own_site, tmp_path):
    """Back up and restore with the commands of docs/operations.md."""
    Visitor(own_site.port).sign_up("dora")
    dump = str(tmp_path / "photos.dump")
    own_site.manage("pg", "pg_dump", "--format=custom", f"--file={dump}")
    own_site.manage("pg", "createdb", "restored")
    own_site.manage("pg", "pg_restore", "--clean", "--if-exists", "--exit-on-error", "--dbname=restored", dump)

    query = "SELECT id, username, email, password FROM accounts_user ORDER BY id"
    assert own_site.sql(query)
    assert own_site.sql(query, database="restored") == own_site.sql(query)


@pytest.mark.promise("D1")
@pytest.mark.parametrize("name", ["media", *(pytest.param(name, marks=pytest.mark.deep) for name in ("web", "valkey"))])
def test_a_killed_part_is_started_again_and_no_user_is_lost(own_site, name):
    alice = Visitor(own_site.port).sign_up("alice")
    before = own_site.parts()[name]
    own_site.kill_part(name)
    own_site.wait_until_back()
    deadline = time.monotonic() + 30
    while own_site.parts().get(name) in {None, before} and time.monotonic() < deadline:
        time.sleep(0.1)
    own_site.wait_until_back(name)
    assert own_site.parts()[name] != before
    assert f"{name} was ended by SIGKILL; starting it again" in own_site.output()
    assert alice.username in users(own_site)


@pytest.mark.promise("D1", "D2")
def test_postgresql_killed_while_four_people_write_loses_no_confirmed_row(own_site):
    confirmed: list[str] = []
    stop = threading.Event()

    def write(writer: Visitor) -> None:
        for number in itertools.count():
            if stop.wait(0.05):
                return
            with suppress(OSError, HTTPException):
                name = f"{writer.username} {number}"
                if writer.post("/saved/new/", {"name": name}).status == 302:
                    confirmed.append(name)

    def wait_for_rows(number: int) -> None:
        deadline = time.monotonic() + 60
        while len(confirmed) < number:
            assert time.monotonic() < deadline, f"nothing is written:\n{own_site.output()}"
            time.sleep(0.02)

    writers = [threading.Thread(target=write, args=[Visitor(own_site.port).sign_up("writer")]) for _ in range(4)]
    for writer in writers:
        writer.start()
    try:
        wait_for_rows(12)
        own_site.kill_part("postgres")
        wait_for_rows(len(confirmed) + 12)
    finally:
        stop.set()
        for writer in writers:
            writer.join()

    own_site.wait_until_back("postgres")
    assert "postgres was ended by SIGKILL; starting it again" in own_site.output()
    assert set(confirmed) <= {name for (name,) in own_site.sql("SELECT name FROM posts_collection")}


@pytest.mark.deep
def test_after_kill_9_of_everything_the_next_start_recovers(own_site):
    processes = own_site.processes()
    Visitor(own_site.port).sign_up("bob")
    before = users(own_site)
    for process in processes:
        process.kill()
    own_site.process.wait(10)

    own_site.start()
    assert users(own_site) == before


@pytest.mark.deep
def test_after_kill_9_of_up_the_next_start_ends_the_remaining_processes(own_site):
    before = users(own_site)
    orphans = set(own_site.parts().values())
    # Stopped processes cannot react to the signal that Linux sends when their parent dies.
    for name in ("web", "media", "valkey", "postgres"):
        os.kill(own_site.parts()[name], signal.SIGSTOP)
    own_site.kill()

    own_site.start()
    assert users(own_site) == before
    assert not orphans & {process.pid for process in remaining_processes(own_site)}


@pytest.mark.deep
def test_sigterm_stops_everything(own_site):
    assert own_site.stop(signal.SIGTERM) == 0
    assert remaining_processes(own_site) == []
    own_site.start()


def test_ctrl_c_stops_everything_and_the_next_start_keeps_the_data_and_ends_with_its_parent(own_site, site):
    """`make run` killed with -9 must not leave the site running in the background."""
    before = users(own_site)
    assert own_site.stop(signal.SIGINT) == 0
    assert remaining_processes(own_site) == []
    assert get(site, "/readyz")[0] == 200

    with own_site.log.open("w") as log:
        starter = subprocess.Popen(
            ["/bin/sh", "-c", f'"{sys.executable}" manage.py up --with-parent & wait'],
            cwd=PROJECT,
            env=own_site.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        own_site.wait_until_back("beat")
        assert users(own_site) == before
        done = [line.partition("   ")[0] for line in own_site.output().splitlines() if line.startswith("✓")]
        assert done[:3] == ["✓ PostgreSQL 18 and Valkey 9", "✓ Database (up to date)", "✓ Static files (unchanged)"]
    finally:
        starter.kill()
        starter.wait(10)
    deadline = time.monotonic() + 40
    while left := remaining_processes(own_site):
        assert time.monotonic() < deadline, left
        time.sleep(0.2)


def test_a_port_used_by_another_program_is_reported():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"PORT {port} is in use" in refused_start(PORT=str(port))


def test_a_data_dir_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    error = refused_start(DATA_DIR=str(tmp_path / "file" / "data"))
    assert "DATA_DIR" in error
    assert "cannot be written" in error


def test_an_unreachable_database_is_reported_without_its_password():
    error = refused_start(DATABASE_URL=f"postgresql://someone:s3cret@127.0.0.1:{free_port()}/photos")
    assert error.startswith("DATABASE_URL: cannot use PostgreSQL at 127.0.0.1:")
    assert "s3cret" not in error


def test_an_unreachable_valkey_is_reported_without_its_password():
    error = refused_start(REDIS_URL=f"redis://:s3cret@127.0.0.1:{free_port()}/0")
    assert error.startswith("REDIS_URL: cannot use Valkey or Redis at 127.0.0.1:")
    assert "s3cret" not in error


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        pytest.param({"DATABASE_URL": "nonsense"}, "DATABASE_URL", marks=pytest.mark.deep),
        ({"DATABASE_URL": "postgresql://u:s3cret@host:port/name"}, "DATABASE_URL"),
        pytest.param({"REDIS_URL": "nonsense"}, "REDIS_URL", marks=pytest.mark.deep),
        ({"PORT": "70000"}, "PORT"),
        pytest.param({"HOST": "not a host"}, "HOST", marks=pytest.mark.deep),
    ],
)
def test_an_invalid_setting_is_reported(variables, word):
    error = refused_start(**variables)
    assert word in error
    assert "s3cret" not in error


def test_a_full_disk_is_reported(monkeypatch, capsys):
    from django.core.management import call_command

    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 99, 1))
    with pytest.raises(SystemExit, match=r"disk of DATA_DIR .* is full"):
        call_command("up")


def test_an_old_python_gets_an_error_message():
    """Check that manage.py has no syntax that old Pythons cannot parse, such as f-strings."""
    import ast

    source = (PROJECT / "manage.py").read_text()
    ast.parse(source, feature_version=(3, 4))
    program = f"import sys; sys.version_info = (3, 8, 1, 'final', 0)\nexec(compile({source!r}, 'manage.py', 'exec'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (1, "Python 3.11 or newer is needed, and this is 3.8.")


def test_the_addresses_that_the_launcher_uses_are_those_of_the_site():
    names = {addresses.READY: "readyz", addresses.ADMIN: "admin:index", addresses.SIGN_UP: "account_signup"}
    for path, name in names.items():
        assert reverse(name) == path


def test_socket_paths_fit_for_any_folder_name(tmp_path):
    for name in ("short", "with space", "x" * 200, "ünicode"):
        folder = socket_dir(tmp_path / name)
        assert len(os.fsencode(folder / "pg" / ".s.PGSQL.5432")) <= 103
        assert folder == socket_dir(tmp_path / name)
    assert socket_dir(tmp_path / "a b") != socket_dir(tmp_path / "a  b")
