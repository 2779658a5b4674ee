// LM Studio's TypeScript SDK: the calls of its manual, for models, answers, tools, embeddings and files.

import { Chat, LMStudioClient, tool } from "@lmstudio/sdk";
import { z } from "zod";
import { Calls, check } from "./report.mjs";

const calls = new Calls();
const client = new LMStudioClient({ baseUrl: calls.url.replace("http", "ws"), verboseErrorMessages: false });
const MODEL = "smollm2-135m-instruct";
const EMBEDDER = "all-MiniLM-L6-v2";
const DOCUMENTS = "docs/default";
const QUESTION = "How long do damaged batteries stay in quarantine?";
const SHORT = { maxTokens: 12, temperature: 0 };

calls.add("system.getLMStudioVersion", async () => {
  check(/^\d+\.\d+\.\d+$/.test((await client.system.getLMStudioVersion()).version), "three numbers");
});

calls.add("system.listDownloadedModels", async () => {
  const keys = (await client.system.listDownloadedModels()).map((model) => model.modelKey);
  check([MODEL, EMBEDDER, DOCUMENTS].every((key) => keys.includes(key)), keys);
});

calls.add("system.notify", () => client.system.notify({ title: "Done" }));

calls.add("llm.listLoaded", async () => {
  check((await client.llm.listLoaded())[0].identifier === MODEL, "the default model comes first");
});

calls.add("llm.model", async () => {
  check((await client.llm.model()).identifier === MODEL, "the default model");
});

calls.add("llm.model(key)", async () => {
  check((await client.llm.model(DOCUMENTS)).identifier === DOCUMENTS, "a collection");
});

calls.add("llm.model(unknown)", async () => {
  try {
    await client.llm.model("no-such-model");
  } catch (error) {
    check(/no.such.model/i.test(error.message), error.message);
    return;
  }
  check(false, "an unknown model was found");
});

calls.add("llm.respond", async () => {
  const result = await (await client.llm.model()).respond("Say hello.", SHORT);
  check(result.content.length > 0, "a text");
  check(result.stats.promptTokensCount > 0 && result.modelInfo.identifier === MODEL, "statistics");
});

calls.add("llm.respond, streamed", async () => {
  const progress = [];
  const details = [];
  const prediction = (await client.llm.model()).respond("Tell me a story.", {
    ...SHORT,
    onPromptProcessingProgress: (share, detail) => (progress.push(share), details.push(detail)),
  });
  let text = "";
  for await (const { content } of prediction) text += content;
  check((await prediction.result()).content === text, "the fragments are the text");
  check(progress.at(-1) === 1, `progress ${progress}`);
});

calls.add("llm.respond(Chat)", async () => {
  const chat = Chat.empty();
  chat.append("system", "You are brief.");
  chat.append("user", "My name is Ada. What is my name?");
  check((await (await client.llm.model()).respond(chat, SHORT)).content.length > 0, "a text");
});

calls.add("llm.respond(documents)", async () => {
  const model = await client.llm.model(DOCUMENTS);
  check((await model.respond(QUESTION)).content.includes("72"), "72 hours");
});

calls.add("llm.respond(structured)", async () => {
  const structured = z.object({ colour: z.enum(["red", "green", "blue"]) });
  const result = await (await client.llm.model()).respond("Name a colour.", { structured, maxTokens: 60 });
  check(["red", "green", "blue"].includes(result.parsed.colour), result.content);
});

calls.add("llm.complete", async () => {
  check((await (await client.llm.model()).complete("Once upon a time", SHORT)).content.length > 0, "a text");
});

calls.add("llm.tokenize, countTokens", async () => {
  const model = await client.llm.model();
  const tokens = await model.tokenize("The pump is oiled.");
  check(tokens.length > 3 && tokens.length === (await model.countTokens("The pump is oiled.")), tokens);
});

calls.add("llm.applyPromptTemplate", async () => {
  const prompt = await (await client.llm.model()).applyPromptTemplate([{ role: "user", content: "How high?" }]);
  check(prompt.includes("How high?"), prompt);
});

calls.add("llm.getContextLength, getModelInfo", async () => {
  const model = await client.llm.model();
  check((await model.getContextLength()) >= 2048, "a window");
  check((await model.getModelInfo()).architecture === "llama", "an architecture");
});

calls.add("llm.act", async () => {
  const add = tool({
    name: "add",
    description: "Add two numbers.",
    parameters: { a: z.number(), b: z.number() },
    implementation: ({ a, b }) => a + b,
  });
  const messages = [];
  const result = await (await client.llm.model()).act("Add 2 and 3 with the tool.", [add], {
    maxTokens: 60,
    maxPredictionRounds: 2,
    onMessage: (message) => messages.push(message),
  });
  check(result.rounds >= 1 && messages.length >= 1, "a round");
});

calls.add("prediction.cancel", async () => {
  const prediction = (await client.llm.model()).respond("Tell a very long story.", { maxTokens: 2000 });
  for await (const _ of prediction) {
    await prediction.cancel();
    break;
  }
  check((await prediction.result()).stats.stopReason === "userStopped", "stopped by the user");
});

calls.add("llm.unload, load", async () => {
  await client.llm.unload(MODEL);
  const progress = [];
  const config = { contextLength: 2048 };
  const model = await client.llm.load(MODEL, { config, onProgress: (share) => progress.push(share), verbose: false });
  check(progress.at(-1) === 1, "progress");
  check((await model.getContextLength()) === 2048, "its window");
  await model.unload();
});

calls.add("embedding.model, embed", async () => {
  const { embedding } = await (await client.embedding.model()).embed("The pump is oiled.");
  check(embedding.length === 384, "384 numbers");
});

calls.add("embedding.embed(list)", async () => {
  check((await (await client.embedding.model(EMBEDDER)).embed(["one", "two"])).length === 2, "two vectors");
});

calls.add("embedding.tokenize, countTokens", async () => {
  const model = await client.embedding.model();
  check((await model.tokenize("The pump is oiled.")).length === (await model.countTokens("The pump is oiled.")), "same");
});

const PUMP = "The pump in hall seven is oiled every 19 weeks by the night shift.";
const file = () => client.files.prepareFileBase64("pump.txt", Buffer.from(PUMP).toString("base64"));

calls.add("files.prepareFile", async () => {
  check((await file()).sizeBytes === PUMP.length, "its size");
});

calls.add("files.parseDocument", async () => {
  check((await client.files.parseDocument(await file())).content.includes("19 weeks"), "its text");
});

calls.add("files.retrieve", async () => {
  const options = { limit: 1, embeddingModel: await client.embedding.model() };
  const { entries } = await client.files.retrieve("How often is the pump oiled?", [await file()], options);
  check(entries.length === 1 && entries[0].content.startsWith("[pump.txt"), JSON.stringify(entries));
});

calls.add("llm.respond about a file", async () => {
  const chat = Chat.empty();
  chat.append("user", "How often is the pump in hall seven oiled?", { images: [] });
  chat.at(-1).appendFile(await file());
  check((await (await client.llm.model()).respond(chat)).content.includes("19"), "19 weeks");
});

calls.add("repository.searchModels", async () => {
  const [found] = await client.repository.searchModels({ searchTerm: "smollm2" });
  check(found.name === MODEL, found?.name);
  const [option] = await found.getDownloadOptions();
  check((await option.download()) === MODEL, "it is there");
});

calls.add("diagnostics.streamLogs", async () => {
  const stop = client.diagnostics.unstable_streamLogs(() => {});
  await client.system.getLMStudioVersion();
  stop();
});

await calls.run();
