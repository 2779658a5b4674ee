"""Hugging Face: its inference API, Text Generation Inference (TGI) and Text Embeddings Inference (TEI).

So `huggingface_hub` and `@huggingface/inference` call them.
"""
