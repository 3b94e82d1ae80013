"""Bytes from strangers to sound: sniffed, limited, and decoded in a guarded child process."""

from singalike.audio.decoding.channels import select_channel
from singalike.audio.decoding.guard import GuardedDecoder
from singalike.audio.decoding.limits import DecodeLimits
from singalike.audio.decoding.refusals import REFUSALS, Refusal
from singalike.audio.decoding.sniffing import Container, sniff

__all__ = ["REFUSALS", "Container", "DecodeLimits", "GuardedDecoder", "Refusal", "select_channel", "sniff"]
