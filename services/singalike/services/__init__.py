"""The shells: use cases, adapters, servers and the command line."""
