"""A mark in the sound that only the holder of the key can find."""

from singalike.conversion.watermark.detection import Detection, Span, detect
from singalike.conversion.watermark.embedding import embed

__all__ = ["Detection", "Span", "detect", "embed"]
