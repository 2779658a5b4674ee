"""What every request passes: guards, keys, ids, limits, and the streams of its response."""
