"""The database under the catalogue: several who open it and write at once, its tables and their release."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from singalike.errors import WrongStateError
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from tests.support.catalogue_entries import EAR, add_track
from tests.support.databases import fresh_database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with fresh_database(request.param) as fresh:
        yield fresh


def test_many_writers_lose_nothing(url: str) -> None:
    catalogues = [SqlCatalogue(url) for _ in range(3)]

    def write(index: int) -> None:
        first = 8 * (index // 2)  # pairs write the same tracks
        for number in range(first, first + 8):
            add_track(catalogues[index % 3], number, singer=f"Singer {number % 5}")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))

    assert catalogues[0].list_tracks().total_size == 24
    assert catalogues[0].revision() == 24
    assert catalogues[0].expected_index_state(EAR).count == 72
    for catalogue in catalogues:
        catalogue.close()


def test_many_may_open_a_new_database_at_once(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(SqlCatalogue, [url] * 4))

    assert [catalogue.revision() for catalogue in opened] == [0] * 4
    for catalogue in opened:
        catalogue.close()


def test_a_database_of_a_later_release_is_refused(url: str) -> None:
    SqlCatalogue(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(WrongStateError) as refusal:
        SqlCatalogue(url)

    assert refusal.value.reason == "CATALOGUE_TOO_NEW"


def test_the_migrations_lead_to_the_tables_that_the_code_knows(url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from singalike.services.adapters import sql_migrate, sql_schema

    SqlCatalogue(url).close()
    engine = sa.create_engine(url)

    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), sql_schema.metadata)
    engine.dispose()

    config = Config()
    config.set_main_option("script_location", str(sql_migrate.SCRIPTS))
    assert differences == []
    assert ScriptDirectory.from_config(config).get_current_head() == sql_schema.HEAD
