"""`huggingface_hub`'s InferenceClient, and the routes that its manual and TGI's and TEI's name."""

from huggingface_hub import InferenceClient
from report import Calls

calls = Calls()
client = InferenceClient(base_url=calls.url, api_key="hf_none")
QUESTION = "How long do damaged batteries stay in quarantine?"
DOCUMENTS = "docs/default"


@calls.add("chat_completion")
def chat() -> None:
    answer = client.chat_completion([{"role": "user", "content": QUESTION}], model=DOCUMENTS)
    assert "72" in (answer.choices[0].message.content or "")


@calls.add("text_generation")
def generate() -> None:
    assert isinstance(client.text_generation("Once upon a time", max_new_tokens=8), str)


@calls.add("feature_extraction")
def embed() -> None:
    assert client.feature_extraction("abc", model=f"{calls.url}/models/all-MiniLM-L6-v2").shape[-1] == 384


calls.run()
