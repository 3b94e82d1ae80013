"""The engine that sings with the target's own moments: WavLM or HuBERT, the nearest moments, an NSF-HiFiGAN."""
