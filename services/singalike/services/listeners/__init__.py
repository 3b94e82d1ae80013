"""What listeners do, never want to see and were shown: its records, its stores' seam, and the use cases around them."""
