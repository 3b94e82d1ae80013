"""Call Singalike from Python."""
