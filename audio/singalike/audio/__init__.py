"""Sound in, clean voice out."""
