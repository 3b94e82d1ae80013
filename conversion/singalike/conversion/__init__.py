"""A song in another voice: engines, the profile of a voice, the watermark, how good it is."""
