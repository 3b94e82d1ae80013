"""One file per outside thing; its errors become ours at that border."""
