"""Measuring an ear on recordings that it was not trained on, beside baselines of the same run."""
