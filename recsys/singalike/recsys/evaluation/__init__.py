"""Measuring the recommender: on real voices, on listeners whose taste is known, and on a file of what people did."""
