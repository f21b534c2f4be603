"""Run as a script: commands in a process in which nothing but this machine can be reached; prints what was tried.

Takes a JSON list of commands, each a list of words, the first of which is `textattack-xmtc` or `textattack`.
"""

from __future__ import annotations

import contextlib
import json
import runpy
import sys
import sysconfig
from pathlib import Path
from typing import Any

TRIED: list[str] = []
_HERE = ("localhost", "127.0.0.1", "::1", "", None)


def _audit(event: str, arguments: Any) -> None:
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in _HERE:
        TRIED.append(f"{event} {host}")
        raise OSError(f"there is no network in this process ({host} was asked for)")


def _run(name: str, arguments: list[str]) -> Any:
    if name == "textattack-xmtc":
        from textattack_xmtc.cli.main import main

        return main(arguments)
    sys.argv = [name, *arguments]
    try:
        runpy.run_path(str(Path(sysconfig.get_path("scripts")) / name), run_name="__main__")
    except SystemExit as ended:
        return ended.code or 0
    return 0


if __name__ == "__main__":
    sys.addaudithook(_audit)
    connections = []
    for name, *arguments in json.loads(sys.argv[1]):
        with contextlib.redirect_stdout(sys.stderr):
            status = _run(name, arguments)
        connections.append([arguments[0], status, list(TRIED)])
        TRIED.clear()
    print(json.dumps(connections))
