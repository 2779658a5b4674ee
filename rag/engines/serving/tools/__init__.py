"""Tool calls of local models: how they are written, constrained and read."""
