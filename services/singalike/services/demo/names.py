"""Invented names and titles; none is meant to be anybody's."""

from numpy.random import Generator

_GIVEN = {
    "female": (
        "Avelis", "Brenka", "Calonne", "Dessira", "Elvane", "Fennika", "Gioriel", "Haneul-ra", "Isaune", "Jorinde-Mai",
        "Kalista Bo", "Lumira", "Maveth", "Noriska", "Odalise", "Pirenna",
    ),
    "male": (
        "Aurelko", "Bastiro", "Corvin Dal", "Dorneth", "Eskiel", "Farrow Jin", "Galdren", "Hadriko", "Ivaro", "Jaspen",
        "Kelmar", "Lorcan Vo", "Mirko-El", "Nevarro", "Osmund Ray", "Perrick",
    ),
}  # fmt: skip
_FAMILY = (
    "Ashgrel", "Bellacourt-Nim", "Cindervale", "Dusmark", "Estravane", "Fjordano", "Glimmerich", "Hollowkey", "Iskarne",
    "Juniparo", "Kestrelow", "Lanternby", "Morvanti", "Nachtwell", "Orlovane", "Pembrasco", "Quillmere", "Rosthaven",
    "Saltmeyer", "Tolvirk", "Umbrello", "Vantabria", "Wrenhall-Do", "Xandrow", "Yarrowsen", "Zephyrin", "Brookspar",
    "Copperlin", "Driftmann", "Emberoux", "Fenwarik", "Goldenau",
)  # fmt: skip
_FIRST_WORDS = (
    "Paper", "Silver", "Slow", "Borrowed", "Midnight", "Copper", "Hidden", "Salt", "Velvet", "Winter", "Second", "Open",
    "Quiet", "Electric", "Amber", "Distant",
)  # fmt: skip
_SECOND_WORDS = (
    "Lanterns", "Harbour", "Weather", "Letters", "Orchard", "Signal", "Rooftops", "Compass", "Rivers", "Staircase",
    "Satellites", "Garden", "Ferry", "Mirrors", "Avenue", "Kites",
)  # fmt: skip


def singer_names(voice_genders: list[str], rng: Generator) -> list[str]:
    """Invent one name for each singer, all different up to a few hundred."""
    family = rng.permutation(_FAMILY)
    given = {gender: rng.permutation(names) for gender, names in _GIVEN.items()}
    names = []
    for index, gender in enumerate(voice_genders):
        first = given[gender][index // 2 % len(given[gender])]
        # One step further on every lap, or the same two names would meet again.
        names.append(f"{first} {family[(index + index // len(family)) % len(family)]}")
    return names


def song_titles(count: int, rng: Generator) -> list[str]:
    """Invent `count` titles, all different up to 256 and numbered above."""
    titles = [f"{first} {second}" for first in _FIRST_WORDS for second in _SECOND_WORDS]
    order = rng.permutation(len(titles))
    laps = ("" if lap == 0 else f" No. {lap + 1}" for lap in range(count // len(titles) + 1))
    return [titles[index] + suffix for suffix in laps for index in order][:count]
