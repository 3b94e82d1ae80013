"""`python -m singalike.services.cli` is the command `singalike`."""

from singalike.services.cli.root import main

if __name__ == "__main__":
    main()
