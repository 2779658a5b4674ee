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

PROGRAMS: tuple[Program, ...] = (
    Program(
        "huggingface_python.py",
        "huggingface_hub 2.4.0",
        SDKS,
        {},
    ),
)
"""In the order of the page."""
