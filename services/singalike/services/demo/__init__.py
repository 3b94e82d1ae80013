"""The demo: a catalogue of singers who never lived, a voice that is none of theirs, and the whole path between."""
