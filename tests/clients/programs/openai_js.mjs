// OpenAI's TypeScript client: the calls of its manual that build or read messages in ways of their own.

import OpenAI, { toFile } from "openai";
import { zodFunction, zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { Calls, check } from "./report.mjs";

const calls = new Calls();
const client = new OpenAI({ baseURL: `${calls.url}/v1`, apiKey: "none", timeout: 240_000 });
const MODEL = "smollm2-135m-instruct";
const EMBEDDER = "all-MiniLM-L6-v2";
const DOCUMENTS = "docs/default";
const QUESTION = "How long do damaged batteries stay in quarantine?";
const ask = { model: DOCUMENTS, messages: [{ role: "user", content: QUESTION }] };
const hello = { model: MODEL, messages: [{ role: "user", content: "Say hello." }] };
const NOTE = "The lift in the west wing is serviced every 14 months by Alpina.";
const Days = z.object({ days: z.number().int() });
const kept = {};

const unique = (name) => `${name}-${crypto.randomUUID().slice(0, 8)}`;
const note = (text = NOTE) => toFile(Buffer.from(text), `${unique("note")}.txt`);
const linksOf = (message) => message.annotations.map((annotation) => annotation.url_citation.url);

async function all(page) {
  const items = [];
  for await (const item of page) items.push(item);
  return items;
}

// Models

calls.add("models.list", async () => {
  const ids = (await all(client.models.list())).map((model) => model.id);
  check([MODEL, EMBEDDER, DOCUMENTS].every((id) => ids.includes(id)), ids);
});

calls.add("models.retrieve docs", async () => {
  check((await client.models.retrieve(DOCUMENTS)).id === DOCUMENTS, "a collection");
});

// Chat completions

calls.add("chat.completions.create docs", async () => {
  const { message } = (await client.chat.completions.create(ask)).choices[0];
  check(message.content.includes("72") && linksOf(message).length > 0, "72 hours with a link");
});

calls.add("chat.completions.create docs stream with usage", async () => {
  const options = { stream: true, stream_options: { include_usage: true } };
  const chunks = await all(await client.chat.completions.create({ ...ask, ...options }));
  check(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("").includes("72"), "72 hours");
  check(chunks.at(-1).usage.total_tokens > 0, "usage comes last");
});

calls.add("chat.completions.stream docs", async () => {
  let text = "";
  const stream = client.chat.completions.stream(ask).on("content", (delta) => (text += delta));
  check((await stream.finalContent()) === text && text.includes("72"), "the pieces are the text");
});

calls.add("chat.completions.stream, aborted", async () => {
  const stream = client.chat.completions.stream({ ...hello, max_tokens: 500 });
  stream.once("chunk", () => stream.abort());
  const error = await stream.done().catch((caught) => caught);
  check(stream.aborted && error instanceof OpenAI.APIUserAbortError, error);
});

calls.add("chat.completions.parse zod", async () => {
  const format = zodResponseFormat(Days, "days");
  const parsed = await client.chat.completions.parse({ ...hello, response_format: format, max_tokens: 60 });
  check(Number.isInteger(parsed.choices[0].message.parsed.days), "a number of days");
});

calls.add("chat.completions.parse zod docs", async () => {
  const parsed = await client.chat.completions.parse({ ...ask, response_format: zodResponseFormat(Days, "days") });
  check(Number.isInteger(parsed.choices[0].message.parsed.days), "a number of days");
});

calls.add("chat.completions.create tools required", async () => {
  const tool = zodFunction({ name: "weather", parameters: z.object({ town: z.enum(["Ulm", "Rome"]) }) });
  const answer = await client.chat.completions.parse({ ...hello, tools: [tool], tool_choice: "required" });
  const [call] = answer.choices[0].message.tool_calls;
  check(["Ulm", "Rome"].includes(call.function.parsed_arguments.town), call.function.arguments);
});

function weatherTool(towns) {
  const schema = { type: "object", properties: { town: { type: "string", enum: ["Ulm"] } }, required: ["town"] };
  const report = ({ town }) => (towns.push(town), "It rains.");
  return { type: "function", function: { name: "weather", parameters: schema, parse: JSON.parse, function: report } };
}

calls.add("chat.completions.runTools", async () => {
  const towns = [];
  const options = { tools: [weatherTool(towns)], tool_choice: "required", max_tokens: 60 };
  const runner = client.chat.completions.runTools({ ...hello, ...options }, { maxChatCompletions: 2 });
  await runner.done();
  check(towns[0] === "Ulm" && runner.messages.some((message) => message.role === "tool"), towns);
});

calls.add("chat.completions.runTools stream", async () => {
  const towns = [];
  const options = { tools: [weatherTool(towns)], tool_choice: "required", max_tokens: 60, stream: true };
  await client.chat.completions.runTools({ ...hello, ...options }, { maxChatCompletions: 2 }).done();
  check(towns[0] === "Ulm", towns);
});

// Texts and vectors

calls.add("completions.create", async () => {
  const answer = await client.completions.create({ model: MODEL, prompt: "Once upon a time", max_tokens: 8 });
  check(answer.choices[0].text.length > 0, "a text");
});

calls.add("embeddings.create", async () => {
  const { data } = await client.embeddings.create({ model: EMBEDDER, input: ["abc", "def"] });
  check(data.length === 2 && data[1].embedding.length === 384, "384 numbers");
  check(data[0].embedding.every((number) => Math.abs(number) <= 1), "numbers of a unit vector");
});

// Responses

calls.add("responses.create docs", async () => {
  kept.response = await client.responses.create({ model: DOCUMENTS, input: QUESTION });
  check(kept.response.output_text.includes("72"), "72 hours");
  check(kept.response.output.at(-1).content[0].annotations[0].type === "file_citation", "a citation");
});

calls.add("responses.create stream", async () => {
  const request = { model: MODEL, input: "Say hello.", max_output_tokens: 20, stream: true };
  const events = await all(await client.responses.create(request));
  check(events[0].type === "response.created", events[0].type);
  check(["response.completed", "response.incomplete"].includes(events.at(-1).type), events.at(-1).type);
});

calls.add("responses.stream docs", async () => {
  let text = "";
  const stream = client.responses.stream({ model: DOCUMENTS, input: QUESTION });
  stream.on("response.output_text.delta", ({ delta }) => (text += delta));
  check((await stream.finalResponse()).output_text === text && text.includes("72"), "the pieces are the text");
});

calls.add("responses.parse zod", async () => {
  const request = { model: MODEL, input: QUESTION, text: { format: zodTextFormat(Days, "days") } };
  check(Number.isInteger((await client.responses.parse(request)).output_parsed.days), "a number of days");
});

calls.add("responses.create previous_response_id", async () => {
  const request = { model: MODEL, input: "And now?", max_output_tokens: 10, previous_response_id: kept.response.id };
  check((await client.responses.create(request)).previous_response_id === kept.response.id, "the one before");
});

calls.add("responses.retrieve, inputItems.list, delete", async () => {
  check((await client.responses.retrieve(kept.response.id)).output_text === kept.response.output_text, "the same");
  check((await all(client.responses.inputItems.list(kept.response.id))).length === 1, "one question");
  await client.responses.delete(kept.response.id);
});

// Conversations

calls.add("conversations.create, items.create, items.list, delete", async () => {
  const item = { type: "message", role: "user", content: "Hello" };
  const { id } = await client.conversations.create({ metadata: { by: "clients" }, items: [item] });
  await client.conversations.items.create(id, { items: [item] });
  check((await all(client.conversations.items.list(id))).length === 2, "two items");
  check((await client.conversations.delete(id)).deleted, "deleted");
});

// Files and vector stores

calls.add("files.create", async () => {
  kept.file = await client.files.create({ file: await note(), purpose: "assistants" });
  check(kept.file.bytes === NOTE.length, "its size");
});

calls.add("files.content", async () => {
  check((await (await client.files.content(kept.file.id)).text()) === NOTE, "its text");
});

calls.add("uploads.create, parts, complete", async () => {
  const about = { filename: `${unique("parts")}.txt`, bytes: NOTE.length, mime_type: "text/plain" };
  const { id } = await client.uploads.create({ ...about, purpose: "assistants" });
  const part = await client.uploads.parts.create(id, { data: await note() });
  const { file } = await client.uploads.complete(id, { part_ids: [part.id] });
  check((await (await client.files.content(file.id)).text()) === NOTE, "its text");
});

calls.add("vectorStores.create", async () => {
  kept.store = await client.vectorStores.create({ name: unique("clients-js") });
  check(kept.store.file_counts.total === 0, "an empty store");
});

calls.add("vectorStores.files.createAndPoll", async () => {
  const request = { file_id: kept.file.id, attributes: { year: 2026 } };
  const file = await client.vectorStores.files.createAndPoll(kept.store.id, request);
  check(file.status === "completed" && file.attributes.year === 2026, file.status);
});

calls.add("vectorStores.files.uploadAndPoll", async () => {
  const file = await client.vectorStores.files.uploadAndPoll(kept.store.id, await note("The canteen closes at two."));
  check(file.status === "completed", file.status);
});

calls.add("vectorStores.fileBatches.uploadAndPoll", async () => {
  const files = [await note("Valve 1 is red."), await note("Valve 2 is blue.")];
  const batch = await client.vectorStores.fileBatches.uploadAndPoll(kept.store.id, { files });
  check(batch.file_counts.completed === 2, batch.status);
});

calls.add("vectorStores.search", async () => {
  const filters = { type: "eq", key: "year", value: 2026 };
  const results = await all(client.vectorStores.search(kept.store.id, { query: "Who services the lift?", filters }));
  check(results.length > 0 && results[0].content[0].text.includes("Alpina"), "the note");
});

calls.add("vectorStores.files.content", async () => {
  const parts = await all(client.vectorStores.files.content(kept.file.id, { vector_store_id: kept.store.id }));
  check(parts.map((part) => part.text).join("").includes("Alpina"), "its text");
});

calls.add("vectorStores.delete, then files.delete", async () => {
  check((await client.vectorStores.delete(kept.store.id)).deleted, "the store");
  check((await client.files.delete(kept.file.id)).deleted, "its file");
});

// Errors and headers

calls.add("error: unknown model", async () => {
  const error = await client.chat.completions.create({ ...hello, model: "nope" }).catch((caught) => caught);
  check(error instanceof OpenAI.NotFoundError && error.code === "model_not_found", error.message);
});

calls.add("withResponse, _request_id", async () => {
  const { data, request_id } = await client.models.retrieve(MODEL).withResponse();
  check(request_id?.length > 0 && data.id === MODEL, "an id of the request");
});

await calls.run();
