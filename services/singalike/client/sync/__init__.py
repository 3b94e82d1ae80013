"""The client for ordinary programs, generated from `singalike.client.aio` by `services/generate_sync_client.py`."""

from singalike.client.sync.calls import Calls


class Client(Calls):
    """Calls the services, safe to share between threads; use it as `with Client() as client`.

    Every method raises the errors of `singalike.errors`, rebuilt from what the server said; UNAVAILABLE is retried.
    """
