"""How much a recording may ask of us."""

from dataclasses import asdict, dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class DecodeLimits:
    """What a recording may be, and what decoding it may cost.

    Attributes:
        max_bytes: Size of the encoded recording, in bytes.
        min_duration_s, max_duration_s: Length of the sound, in seconds.
        min_sample_rate, max_sample_rate: In Hz.
        max_channels: Channels of the sound.
        silence_peak: Sound that never swings further than this around its mean is silence; full scale is 1 (1e-4 is
            -80 dB, below the dither of 16 bits).
        max_peak: Float recordings beyond this are no sound in any scale.
        address_space_bytes: RLIMIT_AS of the child; the decoded sound does not count, it streams out.
        cpu_s: Processor seconds of one recording.
        wall_s: Seconds of one recording, after which the child is killed whatever it does.
        wait_s: Seconds to wait for a free child.
    """

    max_bytes: int = 64 * MEBIBYTE
    min_duration_s: float = 0.5
    max_duration_s: float = 600.0
    min_sample_rate: int = 8_000
    max_sample_rate: int = 192_000
    max_channels: int = 2
    silence_peak: float = 1e-4
    max_peak: float = 1e6
    address_space_bytes: int = 1024 * MEBIBYTE
    cpu_s: int = 20
    wall_s: float = 40.0
    wait_s: float = 60.0

    def to_dict(self) -> dict[str, float]:
        """Return the fields as plain numbers, for the child's command line."""
        return asdict(self)
