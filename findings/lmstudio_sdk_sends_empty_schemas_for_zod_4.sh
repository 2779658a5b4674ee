#!/usr/bin/env bash
# @lmstudio/sdk 2.0.0 with zod 4.1.12 and 3.25.76 (npm): a schema made with zod 4 reaches the server empty.
#
# Expected: `structured: z.object({days: z.number()})` sends the JSON Schema of the object, or fails, whichever
#       version of zod the schema was made with.
# Seen: with zod 3 the schema has its properties. With zod 4, which `npm install zod` gives, the call goes through and
#       the server is sent `{"$schema": …}` alone: every JSON satisfies it, and nothing says that the constraint is
#       gone. The package asks for zod 3 as its own dependency, so npm installs both without a word.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# 2.0.0 asks for a version of lms-isomorphic that was never published.
echo '{"private": true, "type": "module", "overrides": {"@lmstudio/lms-isomorphic": "0.4.6"}}' > package.json
npm install --silent --no-audit --no-fund @lmstudio/sdk@2.0.0 ws@8.18.3 zod4@npm:zod@4.1.12 zod3@npm:zod@3.25.76
cat > run.mjs <<'JAVASCRIPT'
import assert from "node:assert";
import { LMStudioClient } from "@lmstudio/sdk";
import { WebSocketServer } from "ws";
import { z as z3 } from "zod3";
import { z as z4 } from "zod4";

const info = {
  type: "llm", modelKey: "m", format: "gguf", displayName: "m", publisher: "m", path: "m", sizeBytes: 1,
  indexedModelIdentifier: "m", deviceIdentifier: null, vision: false, trainedForToolUse: false,
  maxContextLength: 100, identifier: "m", instanceReference: "i", ttlMs: null, lastUsedTime: null, contextLength: 100,
};
const schemas = [];
const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await new Promise((ready) => server.on("listening", ready));
server.on("connection", (socket) => {
  const send = (message) => socket.send(JSON.stringify(message));
  socket.on("message", (data) => {
    const message = JSON.parse(data);
    if ("authVersion" in message) send({ success: true });
    if (message.type === "rpcCall") send({ type: "rpcResult", callId: message.callId, result: info });
    if (message.type !== "channelCreate") return;
    const { channelId, creationParameter } = message;
    const fields = creationParameter.predictionConfigStack.layers.flatMap((layer) => layer.config.fields);
    schemas.push(fields.find((field) => field.key === "llm.prediction.structured").value.jsonSchema);
    const fragment = { content: "{\"days\": 3}", tokensCount: 1, containsDrafted: false, reasoningType: "none" };
    fragment.isStructural = false;
    send({ type: "channelSend", channelId, message: { type: "fragment", fragment } });
    const end = { type: "success", stats: { stopReason: "eosFound" }, modelInfo: info };
    const configs = { loadModelConfig: { fields: [] }, predictionConfig: { fields: [] } };
    send({ type: "channelSend", channelId, message: { ...end, ...configs } });
    send({ type: "channelClose", channelId });
  });
});
const client = new LMStudioClient({ baseUrl: `ws://127.0.0.1:${server.address().port}` });
const model = await client.llm.model();
for (const z of [z3, z4]) {
  await model.respond("Hi", { structured: z.object({ days: z.number() }) }).result().catch((error) => {
    console.log("client:", String(error.message).split("\n")[0]);
  });
}
console.log("zod 3:", JSON.stringify(schemas[0]));
console.log("zod 4:", JSON.stringify(schemas[1]));
assert.deepEqual(schemas[0].properties, { days: { type: "number" } });
assert.deepEqual(Object.keys(schemas[1]), ["$schema"]);
process.exit(0);
JAVASCRIPT
node run.mjs
