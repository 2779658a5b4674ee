"""LM Studio: its REST API (`/api/v0`, `/api/v1`), and the websockets that its Python and TypeScript SDKs speak."""
