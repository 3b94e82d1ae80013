"""The conversion service: its use cases and its servicer."""
