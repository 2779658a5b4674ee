// Anthropic's TypeScript client: messages, streams, documents with citations, tools, models.

import Anthropic from "@anthropic-ai/sdk";
import { Calls, check } from "./report.mjs";

const calls = new Calls();
const client = new Anthropic({ baseURL: calls.url, apiKey: "none", timeout: 240_000 });
const MODEL = "smollm2-135m-instruct";
const DOCUMENTS = "docs/default";
const QUESTION = "How long do damaged batteries stay in quarantine?";
const RULE = "A damaged lithium battery goes into quarantine for 72 hours. The room is locked.";
const HELLO = { model: MODEL, max_tokens: 12, messages: [{ role: "user", content: "Say hello." }] };

const ask = (model, ...blocks) => ({
  model,
  max_tokens: 200,
  messages: [{ role: "user", content: [...blocks, { type: "text", text: QUESTION }] }],
});
const textOf = (message) => message.content.map((block) => block.text ?? "").join("");
const citationsOf = (message) => message.content.flatMap((block) => block.citations ?? []);

calls.add("models.list", async () => {
  const ids = [];
  for await (const model of client.models.list({ limit: 1 })) ids.push(model.id);
  check(ids.includes(MODEL) && ids.includes(DOCUMENTS), ids);
});

calls.add("models.retrieve", async () => {
  const model = await client.models.retrieve(DOCUMENTS);
  check(model.type === "model" && model.display_name.length > 0, JSON.stringify(model));
});

calls.add("messages.create", async () => {
  const message = await client.messages.create({ ...HELLO, system: "Be brief." });
  check(textOf(message).length > 0 && message.role === "assistant", "a text");
  check(message.usage.output_tokens > 0 && message.usage.output_tokens <= 12, "its tokens");
});

calls.add("messages.create, docs/default", async () => {
  const message = await client.messages.create(ask(DOCUMENTS));
  check(textOf(message).includes("72"), "72 hours");
  check(citationsOf(message)[0].cited_text.length > 0, "a citation");
});

calls.add("messages.create, stream", async () => {
  const kinds = [];
  for await (const event of await client.messages.create({ ...HELLO, stream: true })) kinds.push(event.type);
  check(kinds[0] === "message_start" && kinds.at(-1) === "message_stop", kinds);
});

calls.add("messages.stream", async () => {
  let text = "";
  const stream = client.messages.stream(HELLO).on("text", (delta) => (text += delta));
  const message = await stream.finalMessage();
  check(text.length > 0 && text === (await stream.finalText()), "the pieces are the text");
  check(["end_turn", "max_tokens"].includes(message.stop_reason), message.stop_reason);
});

calls.add("messages.stream, docs/default", async () => {
  const citations = [];
  const stream = client.messages.stream(ask(DOCUMENTS)).on("citation", (citation) => citations.push(citation));
  const message = await stream.finalMessage();
  check(textOf(message).includes("72"), "72 hours");
  check(citations.length > 0 && citations.length === citationsOf(message).length, "citations are streamed");
});

calls.add("messages.create, document with citations", async () => {
  const source = { type: "text", media_type: "text/plain", data: RULE };
  const document = { type: "document", source, citations: { enabled: true } };
  const [citation] = citationsOf(await client.messages.create(ask(MODEL, document)));
  check(RULE.slice(citation.start_char_index, citation.end_char_index) === citation.cited_text, "its place");
});

calls.add("messages.create, search_result", async () => {
  const result = {
    type: "search_result",
    source: "kb/batteries",
    title: "Batteries",
    content: [{ type: "text", text: RULE }],
    citations: { enabled: true },
  };
  const [citation] = citationsOf(await client.messages.create(ask(MODEL, result)));
  check(citation.type === "search_result_location" && citation.source === "kb/batteries", JSON.stringify(citation));
});

const WEATHER = {
  name: "weather",
  description: "The weather of a city.",
  input_schema: { type: "object", properties: { city: { type: "string", maxLength: 12 } }, required: ["city"] },
};
const FORCED = {
  model: MODEL,
  max_tokens: 200,
  messages: [{ role: "user", content: "What is the weather in Rome?" }],
  tools: [WEATHER],
  tool_choice: { type: "tool", name: "weather" },
};

calls.add("messages.create, tools", async () => {
  const message = await client.messages.create(FORCED);
  const call = message.content.find((block) => block.type === "tool_use");
  check(message.stop_reason === "tool_use" && typeof call.input.city === "string", JSON.stringify(message.content));
});

calls.add("messages.stream, tools", async () => {
  const message = await client.messages.stream(FORCED).finalMessage();
  const call = message.content.find((block) => block.type === "tool_use");
  check(message.stop_reason === "tool_use" && typeof call.input.city === "string", JSON.stringify(message.content));
});

calls.add("messages.create, tool_result", async () => {
  const use = { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Rome" } };
  const result = { type: "tool_result", tool_use_id: "toolu_1", content: "It rains." };
  const messages = [
    ...FORCED.messages,
    { role: "assistant", content: [use] },
    { role: "user", content: [result] },
  ];
  const message = await client.messages.create({ model: MODEL, max_tokens: 20, messages, tools: [WEATHER] });
  check(message.content.length > 0, "an answer");
});

calls.add("messages.countTokens", async () => {
  const { input_tokens } = await client.messages.countTokens({ model: MODEL, messages: HELLO.messages });
  check(input_tokens > 0, "tokens");
});

calls.add("messages.batches.list", async () => {
  try {
    await client.messages.batches.list();
  } catch (error) {
    check(error instanceof Anthropic.NotFoundError && error.error.error.type === "not_found_error", error.message);
    return;
  }
  check(false, "there are no batches");
});

await calls.run();
