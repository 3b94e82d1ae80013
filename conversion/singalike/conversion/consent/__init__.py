"""Whether the owner of a voice agrees: a phrase to read aloud, and the rules for what comes back."""
