"""APIs of others, each a folder that translates its requests and responses to and from `api.chat`."""
