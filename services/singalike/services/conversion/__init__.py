"""The conversion service: songs in the voices of people who agreed."""
