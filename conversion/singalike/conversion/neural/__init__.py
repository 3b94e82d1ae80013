"""What engines with networks share: weights, what is sung (HuBERT, WavLM), the NSF-HiFiGAN renderer, work in pieces."""
