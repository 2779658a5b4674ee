"""The shapes of requests and responses, one module a topic: what `/openapi.json` describes."""
