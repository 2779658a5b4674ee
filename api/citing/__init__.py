"""How an answer shows its sources: numbers, a list at its end, and links to the cited pages."""
