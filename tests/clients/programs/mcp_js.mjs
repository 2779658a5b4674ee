// MCP's TypeScript client over streamable HTTP: tools, structured output, progress and resources.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Calls, check } from "./report.mjs";

const calls = new Calls();
const QUESTION = "How long do damaged batteries stay in quarantine?";
const client = new Client({ name: "clients", version: "1.0.0" });

calls.add("connect", async () => {
  await client.connect(new StreamableHTTPClientTransport(new URL(`${calls.url}/mcp`)));
  check(client.getServerVersion().name.length > 0 && client.getServerCapabilities().tools, "a server with tools");
});

calls.add("ping", () => client.ping());

calls.add("listTools", async () => {
  const names = (await client.listTools()).tools.map((tool) => tool.name);
  check(["search", "ask", "list_documents", "read_document"].every((name) => names.includes(name)), names);
});

calls.add("callTool, ask with progress", async () => {
  const said = [];
  const onprogress = ({ message }) => said.push(message);
  const call = { name: "ask", arguments: { question: QUESTION } };
  const { structuredContent } = await client.callTool(call, undefined, { onprogress });
  check(structuredContent.answer.includes("72") && structuredContent.pins[0].quote.length > 0, "a pinned answer");
  check(said.length > 0, "progress");
});

calls.add("callTool, search and read_document", async () => {
  const search = await client.callTool({ name: "search", arguments: { query: QUESTION } });
  const [{ file_id, page }] = search.structuredContent.results;
  const read = await client.callTool({ name: "read_document", arguments: { file_id, page } });
  check(read.structuredContent.text.length > 0, "its text");
});

calls.add("callTool, wrong arguments", async () => {
  const result = await client.callTool({ name: "search", arguments: {} }).catch((error) => ({ error }));
  const said = result.error?.message ?? result.content[0].text;
  check((result.error || result.isError) && said.includes("query"), said);
});

calls.add("listResources and readResource", async () => {
  const { resources } = await client.listResources();
  check((await client.readResource({ uri: resources[0].uri })).contents[0].text.length > 0, "its text");
});

calls.add("close", () => client.close());

await calls.run();
