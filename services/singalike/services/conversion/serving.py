"""The parts of the conversion service, and the workers that a serving process starts."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from singalike.services import bootstrap
from singalike.services.conversion.conversions import Conversions, Leftovers, TargetVoices
from singalike.services.conversion.create import ConversionCreator, CreateLimits
from singalike.services.conversion.download import Downloads
from singalike.services.conversion.enrol import TargetEnroller
from singalike.services.conversion.enrolment_ear import EarOfServer
from singalike.services.conversion.news import NewsFeed
from singalike.services.conversion.servicer import ConversionServicer, ConversionUseCases
from singalike.services.conversion.staff import Staff
from singalike.services.conversion_ports import Engines, TargetStore
from singalike.services.server_parts import ServerParts, utc_now
from singalike.services.view_keeper import ViewKeeper
from singalike.services.wire.tenants import load_tenants


@dataclass(frozen=True)
class ServedConversions:
    """A conversion service that is ready: what answers calls, and what sends those who watch away."""

    servicer: ConversionServicer
    stop: Callable[[], None]


async def build_conversions(
    parts: ServerParts, views: ViewKeeper | None, forget_voices: Callable[[], object]
) -> ServedConversions:
    """Open stores, queue and files, and start who looks after them.

    Args:
        parts: What the services of this process share.
        views: The singers of the catalogue, where a recommender keeps them; None: look at them here.
        forget_voices: Lets a recommender in this process forget voices that were erased; called on the event loop.
    """
    settings, loop = parts.settings, asyncio.get_running_loop()
    closing = ExitStack()
    parts.closing.push_async_callback(asyncio.to_thread, closing.close)
    stores = await asyncio.to_thread(bootstrap.open_conversion_parts, settings, closing)
    songs = await asyncio.to_thread(bootstrap.open_song_files, settings)
    closing.callback(songs.close)
    engines = bootstrap.build_engines(settings)
    leftovers = Leftovers(stores.jobs, stores.folder)
    news = NewsFeed(stores.conversions)
    use_cases = ConversionUseCases(
        engines=engines,
        enroller=await _build_enroller(parts, views, engines, stores.targets),
        # On the loop, before the call that erased is answered.
        voices=TargetVoices(stores.targets, leftovers, utc_now, lambda: loop.call_soon_threadsafe(forget_voices)),
        creator=ConversionCreator(
            stores.targets,
            stores.conversions,
            parts.catalogue,
            songs,
            engines,
            stores.jobs,
            CreateLimits(settings.longest_song_s, settings.conversion_keep_s),
            utc_now,
        ),
        conversions=Conversions(stores.conversions, leftovers),
        news=news,
        downloads=Downloads(stores.conversions, stores.folder),
    )
    tenants = load_tenants(settings)
    closing.enter_context(
        Staff(settings, stores, lambda name: tenants.named(name).most_running, settings.conversion_workers)
    )
    return ServedConversions(ConversionServicer(use_cases, utc_now, parts.uploads), news.stop)


async def _build_enroller(
    parts: ServerParts, views: ViewKeeper | None, engines: Engines, targets: TargetStore
) -> TargetEnroller:
    ear = EarOfServer(parts.embedder, asyncio.get_running_loop())
    decoder = await parts.decoder()
    if views is None:
        views = ViewKeeper(parts.catalogue, (await parts.ear()).model_version)
    return await asyncio.to_thread(bootstrap.build_enroller, parts.settings, ear, decoder, engines, targets, views)
