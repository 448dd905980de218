"""A PostgreSQL server of the tests' own, from Debian's package `postgresql`: in a temporary folder, gone with them."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MISSING = "There is no PostgreSQL server here; `apt-get install postgresql` brings it."


def programs() -> Path | None:
    """The folder of initdb and pg_ctl; None where there is no server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def server(folder: Path, port: int) -> Iterator[str]:
    """Run one on 127.0.0.1 and yield the URL of its database; never as root, which PostgreSQL refuses."""
    there = programs()
    assert there is not None, MISSING
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"

    def call(program: str, *options: str) -> None:
        command = [str(there / program), "-D", str(data), *options]
        subprocess.run(command, check=True, cwd=folder, user=user, stdout=subprocess.DEVNULL, timeout=60)

    call("initdb", "--no-sync", "--auth=trust", "--username=ecomgen", "--encoding=UTF8", "--locale=C.UTF-8")
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c max_connections=60 -c fsync=off"  # nobody cuts its power
    call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql://ecomgen@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(data, ignore_errors=True)
