// Hugging Face's `@huggingface/inference`, and the bare request that its manual shows.

import { HfInference, InferenceClient } from "@huggingface/inference";
import { Calls, check } from "./report.mjs";

const calls = new Calls();
const client = new InferenceClient("hf_none");
const MODEL = "smollm2-135m-instruct";
const DOCUMENTS = "docs/default";
const QUESTION = "How long do damaged batteries stay in quarantine?";
const messages = [{ role: "user", content: QUESTION }];
const inputs = "Once upon a time";
const parameters = { max_new_tokens: 8 };
const task = (name) => `${calls.url}/pipeline/${name}`;

async function joined(chunks) {
  let text = "";
  for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

calls.add("chatCompletion", async () => {
  const answer = await client.chatCompletion({ endpointUrl: calls.url, model: DOCUMENTS, messages });
  check(answer.choices[0].message.content.includes("72"), "72 hours");
});

calls.add("chatCompletion, endpointUrl with /v1", async () => {
  const answer = await client.chatCompletion({ endpointUrl: `${calls.url}/v1`, model: MODEL, messages, max_tokens: 8 });
  check(answer.choices[0].message.content.length > 0, "a text");
});

calls.add("chatCompletion, endpointUrl of a model", async () => {
  const answer = await client.chatCompletion({ endpointUrl: `${calls.url}/models/${DOCUMENTS}`, messages });
  check(answer.choices[0].message.content.includes("72"), "72 hours");
});

calls.add("chatCompletionStream", async () => {
  const chunks = client.chatCompletionStream({ endpointUrl: calls.url, model: DOCUMENTS, messages });
  check((await joined(chunks)).includes("72"), "72 hours");
});

calls.add("textGeneration", async () => {
  const { generated_text } = await client.textGeneration({ endpointUrl: calls.url, model: MODEL, inputs, parameters });
  check(generated_text.length > 0, "a text");
});

calls.add("textGeneration, endpointUrl of a model", async () => {
  const endpointUrl = `${calls.url}/models/${MODEL}`;
  const { generated_text } = await client.textGeneration({ endpointUrl, inputs, parameters });
  check(generated_text.length > 0, "a text");
});

calls.add("HfInference.endpoint(url).textGeneration", async () => {
  const endpoint = new HfInference("hf_none").endpoint(`${calls.url}/models/${MODEL}`);
  check((await endpoint.textGeneration({ inputs, parameters })).generated_text.length > 0, "a text");
});

calls.add("textGenerationStream", async () => {
  let text = "";
  const chunks = client.textGenerationStream({ endpointUrl: calls.url, model: MODEL, inputs, parameters });
  for await (const chunk of chunks) text += chunk.choices[0]?.text ?? "";
  check(text.length > 0, "a text");
});

calls.add("featureExtraction", async () => {
  const endpointUrl = `${calls.url}/models/all-MiniLM-L6-v2`;
  check((await client.featureExtraction({ endpointUrl, inputs: "abc" })).flat().length === 384, "384 numbers");
});

calls.add("sentenceSimilarity", async () => {
  const scores = await client.sentenceSimilarity({
    endpointUrl: calls.url,
    inputs: { source_sentence: "The pump", sentences: ["The pump", "Lunch"] },
  });
  check(scores.length === 2 && scores[0] > scores[1], scores);
});

calls.add("questionAnswering", async () => {
  const answer = await client.questionAnswering({
    endpointUrl: calls.url,
    inputs: { question: "Where is Ann?", context: "It rains. Ann is in Rome." },
  });
  check(answer.answer.includes("Rome") && answer.score > 0 && answer.end > answer.start, JSON.stringify(answer));
});

calls.add("summarization", async () => {
  const text = "The pump is oiled by Ann every month.";
  const summary = await client.summarization({ endpointUrl: task("summarization"), inputs: text });
  check(summary.summary_text.length > 0, "a text");
});

calls.add("translation", async () => {
  const translation = await client.translation({
    endpointUrl: task("translation"),
    inputs: "Guten Tag",
    parameters: { src_lang: "German", tgt_lang: "English" },
  });
  check(translation.translation_text.length > 0, "a text");
});

const post = (model, body) =>
  fetch(`${calls.url}/models/${model}`, {
    method: "POST",
    headers: { Authorization: "Bearer hf_none", "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

calls.add("fetch POST /models/<name>", async () => {
  const response = await post(MODEL, { inputs: "Hello world" });
  check(response.ok && typeof (await response.json())[0].generated_text === "string", response.status);
});

calls.add("fetch POST /models/docs/<collection>", async () => {
  check((await (await post(DOCUMENTS, { inputs: QUESTION })).json())[0].generated_text.includes("72"), "72 hours");
});

calls.add("fetch POST /models/<unknown>", async () => {
  const response = await post("no-such-model", { inputs: "Hello world" });
  check(response.status === 404 && (await response.json()).error.includes("no-such-model"), response.status);
});

await calls.run();
