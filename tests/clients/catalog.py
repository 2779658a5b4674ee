"""The programs of `programs/` with the clients that they try, and the calls that are known not to work."""

from tests.clients.environments import Environment, Program

SDKS = Environment(
    "sdks",
    "python",
    (
        "openai==3.57.0",
        "anthropic==2.14.0",
        "lmstudio==1.5.0",
        "huggingface_hub==2.4.0",
        "mcp==2.3.0",
        "pydantic-ai-slim[openai]==2.31.1",
        "numpy",
    ),
)

FRAMEWORKS = Environment(
    "frameworks",
    "python",
    (
        "langchain-openai==1.7.4",
        "llama-index-llms-openai-like==0.8.1",
        "llama-index-embeddings-openai-like==0.4.0",
        "llama-index-llms-lmstudio==0.6.0",
        "litellm==1.110.2",
        # What Pincite's own retrievers need.
        "httpx",
        "httpx-sse",
        "msgspec",
        "numpy",
        "pydantic",
    ),
)

LMSTUDIO_NEXT = Environment("lmstudio-next", "python", ("lmstudio==1.6.0b1",))
LMSTUDIO_JS = Environment(
    "lmstudio-js",
    "javascript",
    ("@lmstudio/sdk@2.0.0", "zod@3.25.76"),
    {"@lmstudio/lms-isomorphic": "0.4.6"},  # the version that it asks for was never published
)
NPM = Environment(
    "npm",
    "javascript",
    (
        "openai@7.59.0",
        "@huggingface/inference@4.13.30",
        "@anthropic-ai/sdk@1.14.0",
        "@modelcontextprotocol/sdk@1.32.2",
        "ai@7.0.173",
        "@ai-sdk/openai-compatible@3.0.92",
        "@ai-sdk/openai@4.0.118",
        "@ai-sdk/anthropic@4.0.105",
        "zod@4.6.7",
    ),
)
"""Some of them ask for Node 22; they run on Node 20, too."""

PROGRAMS: tuple[Program, ...] = (
    Program(
        "openai_python.py",
        "openai (Python) 3.57.0",
        SDKS,
        {
            "chat.completions store, list, retrieve, update, messages, delete": "responses are stored instead",
        },
    ),
    Program("openai_js.mjs", "openai 7.59.0 (TypeScript)", NPM),
    Program(
        "huggingface_python.py",
        "huggingface_hub 2.4.0",
        SDKS,
        {
            "feature_extraction, without a model": "the request is that of a text to continue: name the embedder",
            "text_classification": "there is no model that classifies; structured output of a language model does it",
            "fill_mask": "there is no model that fills masks",
            "POST /predict": "there is no model that classifies; structured output of a language model does it",
            "POST /embed_sparse": "the embedder makes dense vectors alone",
        },
    ),
    Program("huggingface_js.mjs", "@huggingface/inference 4.13.30 (TypeScript)", NPM),
    Program("anthropic_python.py", "anthropic 2.14.0 (Python)", SDKS),
    Program("anthropic_js.mjs", "@anthropic-ai/sdk 1.14.0 (TypeScript)", NPM),
    Program("mcp_python.py", "mcp 2.3.0 (Python)", SDKS),
    Program("mcp_js.mjs", "@modelcontextprotocol/sdk 1.32.2 (TypeScript)", NPM),
    Program("langchain_python.py", "langchain-openai 1.7.4 (Python)", FRAMEWORKS),
    Program("llama_index_python.py", "llama-index: openai-like 0.8.1, lmstudio 0.6.0 (Python)", FRAMEWORKS),
    Program("litellm_python.py", "litellm 1.110.2 (Python)", FRAMEWORKS),
    Program("pydantic_ai_python.py", "pydantic-ai-slim 2.31.1 (Python)", SDKS),
    Program(
        "ai_sdk.mjs",
        "ai 7.0.173 with @ai-sdk/openai-compatible 3.0.92, openai 4.0.118, anthropic 4.0.105",
        NPM,
        {
            "openai-compatible: generateText docs, sources": "this provider reads no annotations; `openai.chat` does",
            "openai-compatible: streamText docs, sources": "this provider reads no annotations; `openai.chat` does",
            "anthropic: generateText docs, sources": "this provider makes sources of a prompt's own files alone",
            "anthropic: streamText docs, sources": "this provider makes sources of a prompt's own files alone",
        },
    ),
    Program("lmstudio_python.py", "lmstudio 1.5.0 (Python)", SDKS),
    Program("lmstudio_python.py", "lmstudio 1.6.0b1 (Python)", LMSTUDIO_NEXT, variant="_next"),
    Program("lmstudio_js.mjs", "@lmstudio/sdk 2.0.0 (TypeScript)", LMSTUDIO_JS),
    Program(
        "lmstudio_rest.py",
        "LM Studio's REST APIs, without a client",
        SDKS,
        {"POST /api/v1/models/download, from a hub": "The server fetches no models; `pincite models get` does."},
    ),
)
"""In the order of the page."""
