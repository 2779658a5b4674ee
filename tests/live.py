"""A whole Pincite in processes of its own, as a user starts it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

READY_TIMEOUT_SECONDS = 120.0
STOP_TIMEOUT_SECONDS = 20.0
LIVE_UPLOAD_MB = 20
"""The shared server takes no larger files, so that a test of the limit need not send 500 MB."""


@dataclass(frozen=True, slots=True)
class LiveStack:
    """A running API and chat page."""

    api_url: str
    ui_url: str
    home: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> int:
        """End it as Ctrl-C would; return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def clean_environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without its own Pincite settings."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PINCITE_")}
    return {**own, "PINCITE_HOME": str(home), **(extra or {})}


def worker_pid(stack: LiveStack, target: str) -> int:
    """Return the process id of the server's worker that runs `target`."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            command = (folder / "cmdline").read_bytes().split(b"\0")
            parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
            if target.encode() in command and int(parent) == stack.process.pid:
                return int(folder.name)
    raise LookupError(f"the server has no worker {target}")


def start_stack(home: Path, extra_environment: Mapping[str, str] | None = None) -> LiveStack:
    """Start `pincite up` on free ports and wait until it can answer questions."""
    api_port, ui_port = free_port(), free_port()
    log = (home / "stack.log").open("wb")
    command = [sys.executable, "-m", "api.cli", "up", "--port", str(api_port), "--ui-port", str(ui_port)]
    # The port of LM Studio's SDKs is one for the whole machine.
    environment = clean_environment(home, {"PINCITE_LMSTUDIO_PORT": "0", **(extra_environment or {})})
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    log.close()
    stack = LiveStack(f"http://127.0.0.1:{api_port}", f"http://127.0.0.1:{ui_port}", home, process)
    try:
        for url in (f"{stack.api_url}/health/ready", stack.ui_url):
            wait_until_answered(url, process, home / "stack.log")
    except BaseException:
        stack.stop()
        raise
    return stack


def wait_until_answered(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for a 200; raise with the process's own words where it ends or takes too long."""
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"{url} did not answer; the server said: {log.read_text(errors='replace')[-4000:]}")
