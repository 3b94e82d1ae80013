"""Fitting the shipped checkpoints: data, pseudo-singers, and one module for each model."""
