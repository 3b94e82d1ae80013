"""Vectors to suggestions."""
