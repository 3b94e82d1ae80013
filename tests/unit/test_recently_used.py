"""Values that were used lately are kept within their number and their room."""

from singalike.services.recently_used import RecentlyUsed


def kept(values: RecentlyUsed[str, str], names: str) -> str:
    return "".join(name for name in names if values.find(name) is not None)


def test_what_was_not_used_longest_goes_first() -> None:
    values: RecentlyUsed[str, str] = RecentlyUsed(2)
    for name in "ab":
        values.put(name, name)
    values.find("a")

    values.put("c", "c")

    assert kept(values, "abc") == "ac"


def test_large_values_make_room_for_each_other() -> None:
    values: RecentlyUsed[str, str] = RecentlyUsed(100, room=10, size_of=len)
    for name in "abcd":
        values.put(name, "1234")

    assert kept(values, "abcd") == "cd"


def test_the_last_value_is_kept_however_large() -> None:
    values: RecentlyUsed[str, str] = RecentlyUsed(100, room=10, size_of=len)
    values.put("a", "1")

    values.put("b", "1" * 1000)

    assert kept(values, "ab") == "b"


def test_what_is_replaced_or_let_go_gives_its_room_back() -> None:
    values: RecentlyUsed[str, str] = RecentlyUsed(100, room=10, size_of=len)
    for _ in range(5):
        values.put("a", "12345")
    values.put("b", "12345")
    assert kept(values, "ab") == "ab"

    values.discard("a")
    values.drop(lambda value: value == "12345")
    values.clear()
    for name in "cd":
        values.put(name, "12345")

    assert kept(values, "abcd") == "cd"
