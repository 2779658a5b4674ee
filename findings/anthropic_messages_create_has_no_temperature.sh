#!/usr/bin/env bash
# anthropic 2.14.0 (PyPI): `messages.create` no longer takes the sampling parameters of its API.
#
# Expected: `client.messages.create(..., temperature=0)` works, as with every release before 2 and as servers of this
#       API document the fields `temperature`, `top_p` and `top_k`.
# Seen: TypeError for each of the three, before a request is made. Where a server reads them, they have to be sent as
#       `extra_body={"temperature": 0}`; code and frameworks written for 0.x fail on upgrade, not on deprecation.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 0.116.0 2.14.0; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "anthropic==$version"
    "$folder/$version/bin/python" - "$version" <<'PYTHON'
import inspect
import sys

import anthropic

client = anthropic.Anthropic(api_key="none", base_url="http://127.0.0.1:9", max_retries=0)
ask = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}
results = {}
for name, value in {"temperature": 0.0, "top_p": 0.9, "top_k": 3}.items():
    try:
        client.messages.create(**ask, **{name: value})
    except TypeError:
        results[name] = "TypeError"
    except anthropic.APIConnectionError:
        results[name] = "sent"
print(sys.argv[1], results, "max_tokens" in inspect.signature(client.messages.create).parameters)
expected = "TypeError" if sys.argv[1].startswith("2.") else "sent"
assert set(results.values()) == {expected}, results
PYTHON
done
