"""Realistic names and captions: words by Zipf's law, from a small vocabulary."""

from __future__ import annotations

import random
from typing import Final

FIRST: Final = (  # noqa: SIM905  (a list of words reads better as text)
    "anna ben clara david elena felix grace hugo ines jonas kira luca mia noah olga paul ruth sofia tom uma vera"
    " will yuki zoe amir bea chen dana emil farah goran hana ivan jana karim lea marco nina omar"
).split()
LAST: Final = (  # noqa: SIM905
    "adler brook costa dahl evans fischer garcia hansen ito jansen kaur lopez meyer novak okafor park quinn rossi"
    " silva tanaka ulrich vega weber xu young zhang"
).split()
COMMON: Final = (  # noqa: SIM905
    "the a of and in to with on for at from this my our one day morning evening light first last still just more"
    " again home away back here there before after rain sun snow wind sea river lake forest city street market"
    " coffee bread tea garden window train bridge mountain island harbour summer winter spring autumn weekend"
    " friends family walk ride swim climb dance song book film old new small great quiet bright green blue red"
    " golden slow long early late happy lovely simple favourite weather colours shadows clouds stars fire"
).split()
TAGS: Final = (  # noqa: SIM905
    "photography nature travel street portrait film landscape food coffee sunset architecture blackandwhite cat"
    " dog hiking cycling sea mountains flowers minimal art music books baking running garden rain snow city night"
).split()
PLACES: Final = ("", "", "", "Lisbon", "Kyoto", "Oslo", "Old Harbour", "Mount Rainier", "Café Milano", "Berlin")
ANSWERS: Final = ("Lovely!", "Where is this?", "So good", "Wow, the light", "I need to go there", "Beautiful shot", "❤️")

SYLLABLES: Final = "ba be da de ka ke la lo ma mi na no pa po ra ri sa si ta to va vi".split()  # noqa: SIM905


def zipf(rng: random.Random, words: list[str]) -> str:
    """Return a random word; the first ones are the most frequent."""
    return words[int(len(words) ** rng.random()) - 1]


def tag_names(number: int) -> list[str]:
    """Return different tags, the most used first."""
    rng = random.Random(7)
    found = dict.fromkeys(TAGS)
    while len(found) < number:
        found["".join(rng.choices(SYLLABLES, k=rng.randint(3, 5)))] = None
    return list(found)[:number]


def username(number: int) -> str:
    """Return the username of a person; the number makes it unique."""
    first, last = name_parts(number)
    return f"{first}_{last}_{number}"


def display_name(number: int) -> str:
    first, last = name_parts(number)
    return f"{first.title()} {last.title()}"


def name_parts(number: int) -> tuple[str, str]:
    return FIRST[number % len(FIRST)], LAST[number // len(FIRST) % len(LAST)]


def caption(rng: random.Random, tags: list[str]) -> str:
    """Return a caption of up to some thirty words with the tags at its end."""
    text = " ".join(zipf(rng, COMMON) for _ in range(min(30, int(rng.paretovariate(1.1)) + 1)))
    return " ".join([text.capitalize() + ".", *(f"#{tag}" for tag in tags)])
