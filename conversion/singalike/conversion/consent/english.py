"""English sentences of about twenty words, eight seconds when read aloud."""

from collections.abc import Mapping

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

PARTS_OF_DAY = ("morning", "afternoon", "evening", "night")

TEMPERS = (
    "brave", "busy", "calm", "careful", "cheerful", "clever", "curious", "famous", "friendly", "gentle", "happy",
    "honest", "hungry", "kind", "lazy", "lonely", "lucky", "nervous", "patient", "polite", "proud", "quiet",
    "serious", "shy", "silent", "sleepy", "strong", "tall", "tired", "wise", "young", "funny",
)  # fmt: skip

PEOPLE = (
    "actor", "aunt", "baker", "barber", "boxer", "builder", "butcher", "captain", "carpenter", "chemist", "climber",
    "clown", "cook", "cousin", "dancer", "dentist", "doctor", "driver", "drummer", "farmer", "fisherman", "gardener",
    "goldsmith", "grandmother", "guard", "guest", "hunter", "jeweller", "judge", "juggler", "lawyer", "librarian",
    "magician", "mayor", "mechanic", "merchant", "miller", "miner", "neighbour", "nurse", "painter", "pianist",
    "pilot", "plumber", "poet", "postman", "potter", "priest", "printer", "runner", "sailor", "sculptor", "shepherd",
    "singer", "skater", "soldier", "student", "surgeon", "tailor", "teacher", "traveller", "uncle", "violinist",
    "waiter",
)  # fmt: skip

DEEDS = (
    "admired", "borrowed", "bought", "broke", "carried", "chose", "cleaned", "collected", "counted", "delivered",
    "described", "discovered", "drew", "dropped", "forgot", "found", "gathered", "hid", "lost", "moved", "noticed",
    "ordered", "packed", "painted", "received", "remembered", "sold", "stacked", "stored", "touched", "unpacked",
    "wrapped",
)  # fmt: skip

NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty")

LOOKS = (
    "beautiful", "black", "blue", "broken", "brown", "cheap", "dusty", "clean", "enormous", "expensive", "golden",
    "green", "heavy", "large", "little", "pretty", "old", "orange", "plain", "purple", "red", "round", "shiny",
    "silver", "simple", "smooth", "soft", "strange", "tiny", "wet", "white", "yellow",
)  # fmt: skip

THINGS = (
    "apples", "balloons", "baskets", "bells", "blankets", "boats", "books", "boots", "bottles", "bowls", "boxes",
    "bricks", "brushes", "buckets", "buttons", "candles", "carpets", "carrots", "chairs", "clocks", "coats", "coins",
    "cups", "curtains", "cushions", "drums", "feathers", "flags", "flutes", "forks", "gloves", "guitars", "hammers",
    "hats", "keys", "kites", "knives", "ladders", "lamps", "lemons", "letters", "mirrors", "napkins", "necklaces",
    "onions", "paintings", "pencils", "pillows", "plates", "potatoes", "pumpkins", "ribbons", "rings", "ropes",
    "scarves", "shells", "shoes", "spoons", "stamps", "stones", "tables", "tickets", "umbrellas", "violins",
)  # fmt: skip

PLACES = (
    "behind the bakery", "behind the barn", "behind the curtain", "behind the school", "behind the theatre",
    "below the balcony", "below the castle", "below the tower", "beside the bridge", "beside the canal",
    "beside the chimney", "beside the fountain", "beside the lake", "beside the piano", "beside the railway",
    "beside the river", "in the attic", "in the basement", "in the cathedral", "in the cellar", "in the corridor",
    "in the courtyard", "in the desert", "in the factory", "in the forest", "in the garage", "in the garden",
    "in the harbour", "in the hospital", "in the hotel", "in the kitchen", "in the library", "in the market",
    "in the meadow", "in the museum", "in the orchard", "in the park", "in the stable", "in the station",
    "in the tunnel", "in the valley", "in the village", "near the airport", "near the beach", "near the border",
    "near the church", "near the cinema", "near the crossroads", "near the entrance", "near the island",
    "near the lighthouse", "near the mountain", "near the office", "near the stadium", "near the volcano",
    "near the waterfall", "on the bench", "on the ferry", "on the hill", "on the platform", "on the roof",
    "on the stage", "on the staircase", "on the terrace",
)  # fmt: skip

ANIMALS = (
    "bear", "camel", "cat", "cow", "crow", "deer", "dog", "dolphin", "donkey", "duck", "fox", "frog", "goat", "goose",
    "hamster", "hen", "horse", "lion", "monkey", "mouse", "parrot", "penguin", "pigeon", "pony", "puppy", "rabbit",
    "sheep", "spider", "squirrel", "swan", "tiger", "turtle",
)  # fmt: skip

ENDINGS = (
    "ate all the bread", "began to dance", "began to dream", "climbed a tree", "closed its eyes",
    "crossed the street", "drank some water", "enjoyed the music", "fell asleep", "followed a butterfly",
    "heard the thunder", "jumped over a fence", "kept very still", "listened to the wind", "looked for its friends",
    "looked out of the window", "made no noise", "ran in a circle", "rolled in the grass", "sat in the sun",
    "shook its head", "stood in the snow", "stretched its legs", "swam to the shore", "turned around twice",
    "waited for dinner", "walked back home", "wanted to play", "watched the clouds", "watched the moon",
    "watched the rain", "went for a walk",
)  # fmt: skip

SLOTS: Mapping[str, tuple[str, ...]] = {
    "day": DAYS,
    "part": PARTS_OF_DAY,
    "temper": TEMPERS,
    "person": PEOPLE,
    "deed": DEEDS,
    "number": NUMBERS,
    "look": LOOKS,
    "things": THINGS,
    "place": PLACES,
    "animal": ANIMALS,
    "ending": ENDINGS,
}


def sentence(chosen: Mapping[str, str]) -> str:
    """Make a sentence of one word for each slot."""
    return (
        f"On {chosen['day']} {chosen['part']}, the {chosen['temper']} {chosen['person']} {chosen['deed']} "
        f"{chosen['number']} {chosen['look']} {chosen['things']} {chosen['place']}, and the {chosen['animal']} "
        f"{chosen['ending']}."
    )
