"""Objectives that need no singers' names: views of one recording together, other recordings away."""
