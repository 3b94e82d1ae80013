"""The embedded engine: WORLD takes voices apart, what is learnt of the target moves the envelope, a filter renders."""
