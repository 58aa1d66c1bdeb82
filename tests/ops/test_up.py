"""`manage.py up` with real processes and real kills."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest
from django.urls import reverse

from common.local_servers import socket_dir
from launcher import addresses
from launcher.preflight import DATA_DIR_VARIABLE
from tests.running_site import RunningSite, free_port
from tests.servers import PROJECT, SERVER_VARIABLES, make_data_dir


@pytest.fixture(scope="module")
def site():
    """Start a site for these tests alone, because they stop and kill it."""
    running = RunningSite(make_data_dir("up"))
    try:
        yield running.start()
    finally:
        running.remove()


@pytest.fixture(scope="module")
def other():
    """Start a second site, in a folder with a long and unusual name."""
    base = make_data_dir("beside")
    running = RunningSite(base / "Ünusual name, with spaces" / ("x" * 90))
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


def count_users(site):
    return site.manage(
        "shell", "--no-imports", "-c", "from accounts.models import User; print(User.objects.count())"
    ).split()[-1]


def create_user(site, name):
    site.environment["DJANGO_SUPERUSER_PASSWORD"] = "a long and quiet river"
    site.manage("createsuperuser", "--noinput", "--username", name, "--email", f"{name}@example.org")


def test_the_site_answers_once_up_says_that_it_is_ready(site):
    assert get(site, "/healthz")[0] == 200
    assert get(site, "/readyz")[0] == 200
    assert set(site.parts()) == {"postgres", "valkey", "web", "media", "video", "feed", "default", "beat"}


def test_only_the_web_server_listens_on_a_port(site):
    ports = {
        connection.laddr.port
        for process in site.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert ports == {site.port}


def test_a_second_start_on_the_same_data_is_refused_with_the_address_of_the_first(site):
    error = refused_start(DATA_DIR=str(site.data_dir))
    assert "already runs" in error
    assert f":{site.port}" in error


def test_a_port_in_use_is_reported_before_anything_is_started(site):
    assert f"PORT {site.port} is in use" in refused_start(PORT=str(site.port))


def test_two_sites_run_side_by_side(site, other):
    create_user(other, "carol")
    assert count_users(other) == "1"
    assert count_users(site) == "0"


@pytest.mark.promise("D19")
@pytest.mark.deep
def test_a_dump_restored_into_another_site_has_the_same_users(site, other, tmp_path):
    """Back up and restore with the commands of docs/operations.md."""
    create_user(site, "dora")
    dump = str(tmp_path / "photos.dump")
    site.manage("pg", "pg_dump", "--format=custom", f"--file={dump}")
    other.manage("pg", "pg_restore", "--clean", "--if-exists", "--exit-on-error", "--dbname=instagram", dump)
    names = "from accounts.models import User; print(sorted(User.objects.values_list('username', 'email')))"
    restored = other.manage("shell", "--no-imports", "-c", names)
    assert "dora" in restored
    assert "carol" not in restored
    assert restored == site.manage("shell", "--no-imports", "-c", names)


def test_stopping_one_of_two_sites_leaves_the_other_running(site, other):
    assert other.stop() == 0
    assert get(site, "/readyz")[0] == 200
    assert remaining_processes(other) == []


@pytest.mark.parametrize("name", ["media", "web", "postgres", "valkey"])
def test_a_killed_part_is_started_again(site, name):
    before = site.parts()[name]
    site.kill_part(name)
    site.wait_until_back()
    deadline = time.monotonic() + 30
    while site.parts().get(name) in {None, before} and time.monotonic() < deadline:
        time.sleep(0.1)
    site.wait_until_back(name)
    assert site.parts()[name] != before
    assert f"{name} was ended by SIGKILL; starting it again" in site.output()


def test_ctrl_c_stops_everything_and_the_next_start_keeps_the_data(site):
    create_user(site, "alice")
    count = count_users(site)
    assert site.stop(signal.SIGINT) == 0
    assert remaining_processes(site) == []

    site.start()
    assert count_users(site) == count
    done = [line.partition("   ")[0] for line in site.output().splitlines() if line.startswith("✓")]
    assert done[:3] == ["✓ PostgreSQL 18 and Valkey 9", "✓ Database (up to date)", "✓ Static files (unchanged)"]


@pytest.mark.deep
def test_after_kill_9_of_everything_the_next_start_recovers(site):
    processes = site.processes()
    create_user(site, "bob")
    count = count_users(site)
    for process in processes:
        process.kill()
    site.process.wait(10)

    site.start()
    assert count_users(site) == count


@pytest.mark.deep
def test_after_kill_9_of_up_the_next_start_ends_the_remaining_processes(site):
    count = count_users(site)
    orphans = set(site.parts().values())
    # Stopped processes cannot react to the signal that Linux sends when their parent dies.
    for name in ("web", "media", "valkey", "postgres"):
        os.kill(site.parts()[name], signal.SIGSTOP)
    site.kill()

    site.start()
    assert count_users(site) == count
    assert not orphans & {process.pid for process in remaining_processes(site)}


def test_sigterm_or_the_death_of_the_parent_process_stops_everything(site):
    """`make run` killed with -9 must not leave the site running in the background."""
    site.stop(signal.SIGTERM)
    assert remaining_processes(site) == []
    starter = subprocess.Popen(
        ["/bin/sh", "-c", f'"{sys.executable}" manage.py up --with-parent & wait'],
        cwd=PROJECT,
        env=site.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        site.wait_until_back("beat")
    finally:
        starter.kill()
        starter.wait(10)
    deadline = time.monotonic() + 40
    while left := remaining_processes(site):
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
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://u:s3cret@host:port/name"}, "DATABASE_URL"),
        ({"REDIS_URL": "nonsense"}, "REDIS_URL"),
        ({"PORT": "70000"}, "PORT"),
        ({"HOST": "not a host"}, "HOST"),
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
