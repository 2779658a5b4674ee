#!/usr/bin/env bash
# litellm 1.110.2 (PyPI): `import litellm` asks the network before any model is named.
#
# Expected: a client library connects to the address of the model that it is called with, and to nothing before that.
# Seen: the import itself tries to fetch a list of prices from a code host; where it cannot, it waits, warns and takes
#       the list of its own package. A program that must not reach outside sets LITELLM_LOCAL_MODEL_COST_MAP=True
#       before the import, which takes the same list and asks nobody.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check litellm==1.110.2
cd "$folder"
cat > import_once.py <<'PYTHON'
"""Import litellm with a proxy that notes where connections are wanted to, and refuses them."""

import os
import socket
import threading

wanted = []
proxy = socket.create_server(("127.0.0.1", 0))


def refuse() -> None:
    while True:
        connection, _ = proxy.accept()
        wanted.append(connection.recv(4096).split(b"\r\n")[0].decode())
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        connection.close()


threading.Thread(target=refuse, daemon=True).start()
for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
    os.environ[name] = f"http://127.0.0.1:{proxy.getsockname()[1]}"
os.environ.pop("NO_PROXY", None)
os.environ.pop("no_proxy", None)

import litellm  # noqa: E402

print("connections during the import:", len(wanted), *wanted[:1], "| prices known:", len(litellm.model_cost) > 1000)
raise SystemExit(0 if bool(wanted) == (os.environ.get("LITELLM_LOCAL_MODEL_COST_MAP") != "True") else 1)
PYTHON
env -u LITELLM_LOCAL_MODEL_COST_MAP "$folder/venv/bin/python" import_once.py 2>/dev/null
LITELLM_LOCAL_MODEL_COST_MAP=True "$folder/venv/bin/python" import_once.py 2>/dev/null
