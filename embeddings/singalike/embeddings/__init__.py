"""Voice to vectors."""
