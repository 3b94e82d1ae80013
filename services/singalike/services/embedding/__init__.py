"""The embedding service: recordings to vectors, tracks into the catalogue."""
