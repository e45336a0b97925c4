"""Words about skin, and sentences made of them; the same random numbers make the same text."""

from __future__ import annotations

from random import Random

TOPICS = [
    "Daily care",
    "Treatments compared",
    "Acne and scars",
    "Sun and pigment",
    "Ageing well",
    "Sensitive skin",
    "Hair and scalp",
    "Before and after",
    "Ingredients explained",
    "Men's skin",
    "Pregnancy",
    "Questions of readers",
]
_ADJECTIVES, _NOUNS, _VERBS = (
    line.split()
    for line in (
        (
            "calm clear cool daily deep delicate dry even fine firm fresh gentle healthy hydrated light"
            " medical mild moist natural oily patient quick radiant sensitive slow smooth soft sore"
            " steady strong supple tender thick thin tired visible warm weekly young"
        ),
        (
            "acid antioxidant barrier blemish blood-flow capillary cheek chin cleanser clinic collagen"
            " complexion cream dermis elastin enzyme epidermis exfoliation eyelid filler follicle forehead"
            " glow hormone hydration injection jawline keratin laser lesion lip mask massage melanin"
            " mesotherapy microneedling mineral moisturiser neck needle niacinamide nutrient oil peel"
            " peptide pigment pore recovery redness retinol routine scalp scar sebum serum session"
            " somatologist sunscreen swelling temple texture toner treatment vitamin wrinkle"
        ),
        (
            "balances brightens calms cleans comforts covers eases evens feeds firms guards heals helps"
            " hydrates improves irritates lifts loosens nourishes opens protects reaches refines relieves"
            " renews repairs restores smooths softens soothes stimulates strengthens supports tightens"
        ),
    )
)
_ENDINGS = (
    "after the first session",
    "before you go to bed",
    "by the end of the month",
    "for most people we see",
    "if you keep it out of the sun",
    "in dry winter air",
    "once the redness is gone",
    "over three to six weeks",
    "unless the skin is broken",
    "when it is used every day",
    "while the skin heals",
    "without any downtime",
)


def phrase(rng: Random) -> str:
    """Make two or three words that could name something."""
    return f"{rng.choice(_ADJECTIVES)} {rng.choice(_NOUNS)}"


def title(rng: Random) -> str:
    """Make the title of an article."""
    return f"{phrase(rng).capitalize()} or {phrase(rng)}: {phrase(rng)} {rng.choice(_ENDINGS)}"


def sentence(rng: Random) -> str:
    """Make a sentence of about twelve words."""
    return f"The {phrase(rng)} {rng.choice(_VERBS)} the {phrase(rng)} {rng.choice(_ENDINGS)}."


def paragraph(rng: Random, sentences: int) -> str:
    """Make some sentences."""
    return " ".join(sentence(rng) for _ in range(sentences))
