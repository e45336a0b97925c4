"""What a browser calls itself, in a few plain words for its owner; proves nothing."""

from __future__ import annotations

# The first that is found counts: most browsers name others too, to be taken for them.
_PROGRAMS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_PLACES = {
    "iPhone": "an iPhone",
    "iPad": "an iPad",
    "Android": "Android",
    "CrOS": "a Chromebook",
    "Windows": "Windows",
    "Macintosh": "a Mac",
    "Linux": "Linux",
}


def words(user_agent: str) -> str | None:
    """Say which browser it is and on what; None where it doesn't tell."""
    program = next((name for sign, name in _PROGRAMS.items() if sign in user_agent), "")
    place = next((name for sign, name in _PLACES.items() if sign in user_agent), "")
    if program and place:
        return f"{program} on {place}"
    return program or (f"A browser on {place}" if place else None)
