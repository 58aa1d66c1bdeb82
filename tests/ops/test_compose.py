"""docker-compose.yml, deploy/nginx.conf and .env.example agree with the code: names, commands, ports, sizes."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import import_module

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import CommandError
from django.utils.module_loading import import_string

from common import limits
from common.body_limits import UPLOADS
from instagram.celery import app
from launcher.parts import QUEUES
from posts.tasks import VIDEO_HARD_SECONDS
from tests.servers import PROJECT

COMPOSE_TEXT = (PROJECT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
NGINX = (PROJECT / "deploy" / "nginx.conf").read_text()
SECRETS = {
    "SECRET_KEY": "0123456789abcdef" * 4,
    "POSTGRES_PASSWORD": "secret",
    "VALKEY_PASSWORD": "secret",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "FIELD_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "FIELD_HASH_KEY": "0123456789abcdef" * 4,
}
"""Variables without a default, with valid values."""


def settings_variables():
    """Return the names of variables that instagram/settings.py reads from the environment."""
    names = set()
    for node in ast.walk(ast.parse((PROJECT / "instagram" / "settings.py").read_text())):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            reader = ast.unparse(node.func)
            if reader in {"flag", "count", "choices"} or reader.startswith(("env.", "os.environ", "os.getenv")):
                names.add(node.args[0].value)
    return {name for name in names if isinstance(name, str) and name.isupper()}


def check_settings(environment, *options):
    """Run `manage.py check` with only these variables."""
    done = subprocess.run(
        [sys.executable, "manage.py", "check", *options],
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def interpolated():
    """Return the names of variables that docker-compose.yml takes from .env."""
    return set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", COMPOSE_TEXT))


def test_env_example_lists_exactly_the_variables_that_are_read():
    lines = (PROJECT / ".env.example").read_text().splitlines()
    named = [match[1] for line in lines if (match := re.match(r"#?([A-Z][A-Z0-9_]*)=", line))]
    assert len(named) == len(set(named))
    assert set(named) == settings_variables() | interpolated()


def test_an_unchanged_copy_of_env_example_is_valid():
    lines = (PROJECT / ".env.example").read_text().splitlines()
    check_settings(dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]", line)))


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_of_a_service_is_one_of_the_settings(name):
    assert set(OURS[name]["environment"]) <= settings_variables()


def test_production_settings_accept_what_compose_sets():
    values = {name: str(value) for name, value in OURS["web"]["environment"].items()}
    given = SECRETS | {
        "SITE_HOST": "photos.example.org",
        "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
        "DEFAULT_FROM_EMAIL": "noreply@photos.example.org",
    }

    def fill(match):
        name, operator, rest = match[1], match[2] or "", match[3] or ""
        return given.get(name) or (rest if operator == ":-" else pytest.fail(f"no value for {name}"))

    filled = {name: re.sub(r"\$\{([A-Z_]+)(:[-?])?([^}]*)\}", fill, value) for name, value in values.items()}
    check_settings(filled, "--deploy", "--fail-level", "WARNING")


def test_no_password_has_a_default():
    for name in SECRETS:
        assert re.search(rf"\$\{{{name}:\?[^}}]+\}}", COMPOSE_TEXT), name
        assert not re.search(rf"\$\{{{name}:?-", COMPOSE_TEXT), name


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_command_exists(name):
    words = OURS[name]["command"]
    commands = [part.split() for part in words[2].split("&&")] if words[0] == "sh" else [words]
    for program, *arguments in commands:
        if arguments[:1] == ["-m"]:
            assert callable(import_module(arguments[1]).main)
        elif program == "python":
            assert arguments[0] == "manage.py"
            assert arguments[1] in get_commands()
        else:
            assert import_module(program)
            targets = [word for word in arguments if re.fullmatch(r"[a-z.]+:[a-z]+", word)]
            assert program == "celery" or callable(import_string(targets[0].replace(":", ".")))
            if program == "celery":
                assert arguments[:2] == ["-A", "instagram"]
                assert import_module("instagram").__name__ == app.main


def test_every_queue_has_its_worker_and_every_task_a_queue():
    served = {words[words.index("-Q") + 1] for service in OURS.values() if "-Q" in (words := service["command"])}
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} | {settings.CELERY_TASK_DEFAULT_QUEUE}
    assert served == set(QUEUES) == routed


@pytest.mark.promise("D20")
def test_workers_may_finish_their_longest_task_before_they_are_stopped():
    for name in ("worker-media", "worker-feed", "worker-default"):
        assert int(OURS[name]["stop_grace_period"].removesuffix("s")) > settings.CELERY_TASK_TIME_LIMIT
    assert int(OURS["worker-video"]["stop_grace_period"].removesuffix("s")) > VIDEO_HARD_SECONDS


def test_no_task_is_delivered_again_while_it_runs():
    limits_of_tasks = [task.time_limit or settings.CELERY_TASK_TIME_LIMIT for task in app.tasks.values()]
    assert max(limits_of_tasks) == VIDEO_HARD_SECONDS
    assert settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"] > VIDEO_HARD_SECONDS


@pytest.mark.parametrize("name", sorted(OURS))
def test_containers_run_without_privileges(name):
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert re.search(r"^USER everyframe$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)


def test_services_that_stay_up_have_a_health_check():
    for name, service in SERVICES.items():
        assert "healthcheck" in service or service["restart"].startswith("on-failure"), name


def test_services_depend_on_health_checks_or_on_services_that_end():
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[name]
            else:
                assert SERVICES[name]["restart"].startswith("on-failure")


def test_health_checks_request_urls_that_exist(client, db):
    *_, module, url = OURS["web"]["healthcheck"]["test"]
    assert import_module(module)
    assert url == "http://127.0.0.1:8000/healthz"
    assert "--port=8000" in OURS["web"]["command"]
    assert client.get("/healthz").status_code == 200


def test_alive_fails_without_an_answer():
    done = subprocess.run(
        [sys.executable, "-m", "instagram.alive", "http://127.0.0.1:1/healthz"],
        cwd=PROJECT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1


def test_nginx_uses_the_ports_of_the_services():
    assert set(re.findall(r"server (\S+:\d+)[ ;]", NGINX)) == {
        "web:8000",
        "web-2:8000",
        "realtime:8001",
        "storage:8333",
    }
    assert "-s3.port=8333" in SERVICES["storage"]["command"]
    inside = {published.rsplit(":", 1)[1] for published in SERVICES["nginx"]["ports"]}
    assert inside == set(re.findall(r"listen (\d+)", NGINX))


@pytest.mark.promise("D20")
def test_nginx_has_another_web_server_while_one_restarts():
    upstream = re.search(r"upstream web \{\n(.*?)\n    \}", NGINX, re.DOTALL)[1]
    waits = {name: how["condition"] for name, how in SERVICES["web-2"]["depends_on"].items()}

    # `resolve`, because Docker gives a new container another address.
    assert upstream.count(" resolve max_fails=1 fail_timeout=2s;") == 2
    assert "resolver 127.0.0.11 " in NGINX
    assert "proxy_next_upstream error timeout;" in NGINX
    assert int(re.search(r"proxy_connect_timeout (\d+)s;", NGINX)[1]) <= 2
    assert SERVICES["web-2"]["command"] == SERVICES["web"]["command"]
    assert waits["web"] == "service_healthy", "Compose would replace both at once"


@pytest.mark.parametrize(
    ("host", "port", "redirects"),
    [
        ("photos.example.org", "", False),
        ("photos.example.org:8443", ":8443", False),
        ("Photos.Example.org.", "", True),
        ("photos.example.org.:8443", ":8443", True),
        ("[2001:db8::1]:8443", ":8443", False),
    ],
)
def test_nginx_keeps_the_port_of_an_address_and_removes_a_trailing_dot(host, port, redirects):
    found = re.search(re.search(r'"~(\(:.+?\$)"\s+\$1;', NGINX)[1], host)
    dotted = re.search(
        r'if \(\$http_host ~ "(.+)"\) \{ return 301 https://\$host\$port_of_host\$request_uri; \}', NGINX
    )[1]

    assert (found[1] if found else "") == port
    assert bool(re.search(dotted, host)) == redirects
    assert "proxy_set_header Host $host$port_of_host;" in NGINX


def test_the_image_compiles_every_package():
    compiled = re.search(r"compileall -q ([a-z_\s\\]+?)\nENV", (PROJECT / "Dockerfile").read_text())[1]
    packages = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    assert compiled.replace("\\", "").split() == sorted(packages)


def test_only_nginx_publishes_ports():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]


@pytest.mark.promise("O5")
def test_nginx_and_the_site_have_the_same_limits_of_body_size():
    assert f"client_max_body_size {limits.MAX_FORM_BYTES // 1024**2}m;" in NGINX.partition("server {")[0]
    found = {}
    for name, rules in re.findall(r"location (?:=|~) (\S+) \{\n(.*?)\n        \}", NGINX, re.DOTALL):
        if (size := re.search(r"client_max_body_size (\d+)m;", rules)) and name != "/media/incoming":
            found[name.strip("^$")] = int(size[1]) * 1024**2
            assert "if ($has_credentials = 0) { return " in rules, name
    assert found == UPLOADS


def test_nginx_does_not_trust_headers_of_clients():
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in NGINX
    assert "proxy_add_x_forwarded_for" not in NGINX
    assert OURS["web"]["environment"]["TRUSTED_PROXY_COUNT"] == "1"
    assert "proxy_request_buffering on;" in NGINX


def test_nginx_serves_static_files_and_photos_at_the_urls_of_the_site():
    environment = OURS["web"]["environment"]
    assert f"location {settings.STATIC_URL} {{" in NGINX
    assert "static:/srv/static:ro" in SERVICES["nginx"]["volumes"]
    assert "static:/data/static" in SERVICES["migrate"]["volumes"]
    stored = location(environment["MEDIA_ACCEL_PREFIX"])
    assert "internal;" in stored, "nginx must ask the site first"
    assert f"proxy_pass http://storage/{environment['AWS_STORAGE_BUCKET_NAME']}/;" in stored
    assert "proxy_hide_header Cache-Control;" in stored


def location(name):
    """Return the rules of nginx for a location."""
    return re.search(rf"location {re.escape(name)} \{{\n(.*?)\n        \}}", NGINX, re.DOTALL)[1]


def test_nginx_passes_only_uploads_to_the_bucket_of_originals():
    environment = OURS["web"]["environment"]
    host, path = environment["AWS_S3_UPLOAD_URL"].removeprefix("https://").split("/", 1)
    rules = location(f"= /{path}")

    assert host == "${SITE_HOST}"
    assert f"proxy_pass http://storage/{environment['AWS_ORIGINALS_BUCKET_NAME']};" in rules
    assert "limit_except POST { deny all; }" in rules
    assert 'proxy_set_header Authorization "";' in rules
    assert "client_max_body_size 9m;" in rules
    assert NGINX.count(environment["AWS_ORIGINALS_BUCKET_NAME"]) == 1


def test_anonymous_requests_cannot_read_originals():
    import json

    users = json.loads(re.sub(r"\$\{[^}]+\}", "x", COMPOSE["configs"]["s3"]["content"]))["identities"]
    anonymous = next(user for user in users if user["name"] == "anonymous")
    assert anonymous["actions"] == [f"Read:{OURS['web']['environment']['AWS_STORAGE_BUCKET_NAME']}"]


def test_volumes_are_declared():
    used = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if re.match(r"[a-z]", volume)
    }
    assert used == set(COMPOSE["volumes"])


def test_make_buckets_refuses_local_storage():
    with pytest.raises(CommandError, match="AWS_STORAGE_BUCKET_NAME"):
        call_command("make_buckets")
