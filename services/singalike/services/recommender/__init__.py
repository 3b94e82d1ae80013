"""The recommender service: its use cases, its servicers, and what it keeps ready between calls."""
