"""The engine for voices trained with RVC v2: ContentVec, retrieval among moments of the voice, VITS and NSF-HiFiGAN."""
