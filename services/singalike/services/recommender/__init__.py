"""The recommender service: singers and songs for a voice, enrolled voices, the catalogue to read."""
