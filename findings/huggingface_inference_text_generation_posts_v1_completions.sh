#!/usr/bin/env bash
# @huggingface/inference 4.13.30 (npm): `textGeneration` on an endpoint of one's own does not speak the task's API.
#
# Expected: the task's request, as `huggingface_hub` sends it from Python and as the task's page has it:
#       `POST <endpoint> {"inputs": "Hello", "parameters": {"max_new_tokens": 5}}`.
# Seen: `POST <endpoint>/v1/completions {"prompt": "Hello", "max_tokens": 5, …}`, OpenAI's route with TGI's other
#       parameters flat beside it, while `questionAnswering` on the same endpoint posts `{"inputs": …}` to it. With
#       `client.endpoint(url)` the whole URL is sent as the name of the model. A server for this client needs both
#       dialects, `/v1/…` below every model's path, and names that are URLs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund @huggingface/inference@4.13.30
cat > run.mjs <<'JAVASCRIPT'
import assert from "node:assert";
import { createServer } from "node:http";
import { InferenceClient } from "@huggingface/inference";

const received = [];
const server = createServer(async (request, response) => {
  let body = "";
  for await (const piece of request) body += piece;
  received.push([request.url, JSON.parse(body)]);
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ choices: [{ index: 0, text: "!", finish_reason: "stop" }] }));
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const url = `http://127.0.0.1:${server.address().port}`;
const client = new InferenceClient("hf_none");
const parameters = { max_new_tokens: 5, repetition_penalty: 1.1 };
await client.textGeneration({ endpointUrl: url, model: "gpt2", inputs: "Hello", parameters });
await client.endpoint(`${url}/models/gpt2`).textGeneration({ inputs: "Hello", parameters });
await client.questionAnswering({ endpointUrl: url, inputs: { question: "q", context: "c" } }).catch(() => {});
for (const [path, body] of received) console.log("POST", path, JSON.stringify(body).replaceAll(url, "<url>"));
const flat = { prompt: "Hello", max_tokens: 5, repetition_penalty: 1.1 };
assert.deepEqual(received, [
  ["/v1/completions", { model: "gpt2", ...flat }],
  ["/models/gpt2/v1/completions", { model: `${url}/models/gpt2`, ...flat }],
  ["/", { inputs: { question: "q", context: "c" } }],
]);
server.close();
JAVASCRIPT
node run.mjs
