"""The websockets of LM Studio's SDKs: one for each namespace, with calls and channels in JSON frames."""
