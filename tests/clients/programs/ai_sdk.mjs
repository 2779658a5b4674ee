// Vercel's AI SDK through three of its providers: texts, streams, sources, tools, objects and embeddings.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embed, embedMany, generateText, hasToolCall, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { Calls, check } from "./report.mjs";

const calls = new Calls();
const baseURL = `${calls.url}/v1`;
const compatible = createOpenAICompatible({
  name: "pincite",
  baseURL,
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const openai = createOpenAI({ baseURL, apiKey: "none" });
const anthropic = createAnthropic({ baseURL, apiKey: "none" });
const MODEL = "smollm2-135m-instruct";
const EMBEDDER = "all-MiniLM-L6-v2";
const DOCUMENTS = "docs/default";
const QUESTION = "How long do damaged batteries stay in quarantine?";
const RULE = "A damaged lithium battery goes into quarantine for 72 hours. The room is locked.";

const plain = { prompt: "Say hello.", maxOutputTokens: 20, temperature: 0 };
const forecast = { prompt: "What is the weather in Ulm?", maxOutputTokens: 120, temperature: 0 };

globalThis.AI_SDK_LOG_WARNINGS = false;
const weather = (towns = []) => ({
  weather: tool({
    description: "The weather of a town",
    inputSchema: z.object({ town: z.enum(["Ulm", "Rome"]) }),
    execute: ({ town }) => (towns.push(town), "It rains."),
  }),
});

/** Ask the documents and check the answer; return its sources. */
async function sourcesOf(model) {
  const { text, sources } = await generateText({ model, prompt: QUESTION });
  check(text.includes("72"), text);
  return sources;
}

/** Read a stream to its end: its text, its sources, and what it counted. */
async function read(model, request) {
  const failures = [];
  const result = streamText({ model, ...request, onError: ({ error }) => failures.push(error) });
  let text = "";
  for await (const piece of result.textStream) text += piece;
  if (failures.length) throw failures[0];
  return { text, sources: await result.sources, usage: await result.usage };
}

async function checkToolCall(model) {
  const towns = [];
  const request = { ...forecast, tools: weather(towns), toolChoice: "required", stopWhen: hasToolCall("weather") };
  const { toolCalls } = await generateText({ model, ...request });
  check(toolCalls[0].toolName === "weather" && ["Ulm", "Rome"].includes(towns[0]), JSON.stringify(toolCalls));
}

async function checkSteps(model) {
  const prepareStep = ({ stepNumber }) => ({ toolChoice: stepNumber ? "none" : "required" });
  const { steps } = await generateText({
    model,
    ...forecast,
    tools: weather(),
    prepareStep,
    stopWhen: stepCountIs(2),
  });
  check(steps.length === 2 && steps[0].toolResults[0].output === "It rains.", `${steps.length} steps`);
  check(steps[1].text.length > 0, "an answer after the tool's result");
}

async function checkObject(model) {
  const output = Output.object({ schema: z.object({ colour: z.enum(["red", "green"]) }) });
  const result = await generateText({ model, prompt: "Name a colour.", output, maxOutputTokens: 60 });
  check(["red", "green"].includes(result.output.colour), result.text);
}

function addProvider(name, plainModel, documentsModel) {
  calls.add(`${name}: generateText`, async () => {
    const { text, usage } = await generateText({ model: plainModel, ...plain });
    check(text.length > 0 && usage.outputTokens > 0 && usage.outputTokens <= 20, "a text and its tokens");
  });
  calls.add(`${name}: streamText`, async () => {
    const { text, usage } = await read(plainModel, plain);
    check(text.length > 0 && usage.outputTokens > 0, "a text and its tokens");
  });
  calls.add(`${name}: streamText docs`, async () => {
    const { text } = await read(documentsModel, { prompt: QUESTION });
    check(text.includes("72"), text);
  });
  calls.add(`${name}: generateText tools offered to a plain model`, async () => {
    const { text, toolCalls } = await generateText({ model: plainModel, ...plain, tools: weather() });
    check(text.length > 0 || toolCalls.length > 0, "an answer or a call");
  });
  calls.add(`${name}: generateText tools offered to docs`, async () => {
    const { text } = await generateText({ model: documentsModel, prompt: QUESTION, tools: weather() });
    check(text.includes("72"), text);
  });
  calls.add(`${name}: generateText toolChoice required`, () => checkToolCall(plainModel));
  calls.add(`${name}: generateText two steps`, () => checkSteps(plainModel));
  calls.add(`${name}: generateText output object`, () => checkObject(plainModel));
}

function addSources(name, model, isSource) {
  calls.add(`${name}: generateText docs, sources`, async () => {
    const sources = await sourcesOf(model);
    check(sources.length > 0 && sources.every(isSource), JSON.stringify(sources));
  });
  calls.add(`${name}: streamText docs, sources`, async () => {
    const { sources } = await read(model, { prompt: QUESTION });
    check(sources.length > 0 && sources.every(isSource), JSON.stringify(sources));
  });
}

const isLink = (source) => source.sourceType === "url" && source.url.startsWith("http") && source.title.length > 0;
const isDocument = (source) => source.sourceType === "document" && source.title.length > 0;

addProvider("openai-compatible", compatible(MODEL), compatible(DOCUMENTS));
addSources("openai-compatible", compatible(DOCUMENTS), isLink);

calls.add("openai-compatible: completionModel", async () => {
  check((await generateText({ model: compatible.completionModel(MODEL), ...plain })).text.length > 0, "a text");
});

calls.add("openai-compatible: embed", async () => {
  const { embedding } = await embed({ model: compatible.embeddingModel(EMBEDDER), value: "abc" });
  check(embedding.length === 384, "384 numbers");
});

calls.add("openai-compatible: embedMany", async () => {
  const { embeddings } = await embedMany({ model: compatible.embeddingModel(EMBEDDER), values: ["a", "b"] });
  check(embeddings.length === 2, "two vectors");
});

addProvider("openai (Responses)", openai(MODEL), openai(DOCUMENTS));
addSources("openai (Responses)", openai(DOCUMENTS), isDocument);
addProvider("openai.chat", openai.chat(MODEL), openai.chat(DOCUMENTS));
addSources("openai.chat", openai.chat(DOCUMENTS), isLink);

calls.add("openai: embed", async () => {
  const { embedding } = await embed({ model: openai.embedding(EMBEDDER), value: "abc" });
  check(embedding.length === 384, "384 numbers");
});

addProvider("anthropic", anthropic(MODEL), anthropic(DOCUMENTS));
addSources("anthropic", anthropic(DOCUMENTS), isDocument);

calls.add("anthropic: generateText file with citations", async () => {
  const providerOptions = { anthropic: { citations: { enabled: true } } };
  const file = { type: "file", data: Buffer.from(RULE), mediaType: "text/plain", providerOptions };
  const messages = [{ role: "user", content: [file, { type: "text", text: QUESTION }] }];
  const { text, sources } = await generateText({ model: anthropic(MODEL), messages });
  check(text.includes("72") && sources.length > 0 && sources.every(isDocument), JSON.stringify(sources));
});

await calls.run();
