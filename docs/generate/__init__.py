"""Write the pages of the documentation that say what the code says: `python -m docs.generate` (`make docs`)."""
