"""Under which names recordings are looked for in a folder; what a file really is, its bytes say."""

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".mp4", ".aac"})
