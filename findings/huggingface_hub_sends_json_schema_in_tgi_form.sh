#!/usr/bin/env bash
# huggingface_hub 2.4.0 (PyPI): a `response_format` of OpenAI's form leaves the client as another one.
#
# Expected: `chat_completion` and its alias `chat.completions.create` follow OpenAI's API, and type the parameter as
#       `{"type": "json_schema", "json_schema": {"name", "schema", "strict"}}`, so that is what a server is sent.
# Seen: a server at `base_url` receives TGI's older form, `{"type": "json_object", "value": <the schema>}`. `name` and
#       `strict` are dropped, and a server that knows OpenAI's `json_object` alone ("any JSON object") ignores the
#       schema or refuses the unknown `value`: it has to read `value` as a schema to serve this client.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check huggingface_hub==2.4.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from huggingface_hub import InferenceClient

received = []
choice = {"index": 0, "message": {"role": "assistant", "content": "{}"}, "finish_reason": "stop"}
reply = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": {}}


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
schema = {"type": "object", "properties": {"days": {"type": "integer"}}}
given = {"type": "json_schema", "json_schema": {"name": "holidays", "schema": schema, "strict": True}}
client = InferenceClient(base_url=f"http://127.0.0.1:{server.server_port}", api_key="none")
client.chat_completion([{"role": "user", "content": "Hi"}], model="m", response_format=given)
client.chat.completions.create(messages=[{"role": "user", "content": "Hi"}], model="m", response_format=given)
for request in received:
    print(json.dumps(request["response_format"]))
assert [request["response_format"] for request in received] == [{"type": "json_object", "value": schema}] * 2
PYTHON
