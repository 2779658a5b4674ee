"""What the commands do, one module a group; `api.cli` only says how they are called."""
