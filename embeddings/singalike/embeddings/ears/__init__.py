"""Other ears: voice encoders made elsewhere, behind the interface that the shipped timbre has too."""
