"""The client for asyncio; `singalike.client.sync` is generated from the modules beside this one."""

from singalike.client.aio.calls import Calls


class AsyncClient(Calls):
    """Calls the services; use it as `async with AsyncClient() as client`.

    Every method raises the errors of `singalike.errors`, rebuilt from what the server said; UNAVAILABLE is retried.
    """
