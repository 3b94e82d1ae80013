"""How good engines are at conversion: pairs of recordings, figures of every engine and of baselines, pictures."""
