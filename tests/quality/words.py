"""What is on the site that the tests of this folder look at: the usual, the long and the odd."""

BROKEN = "---\ntitle: Summer: skin\ndate: soon\n---\nText\n"

EVERYTHING = """\
---
title: Everything an article can hold
slug: everything
date: 2026-02-01
updated: 2026-02-03
author: sandra-de-beer
summary: Tables wider than a phone, words without an end, code, notes and pictures.
topics: [Treatments compared, Daily care]
aliases: [/old/everything]
cover: /media/cover.png
cover_alt: A plain square
comments: closed
---

A word without an end: Pneumonoultramicroscopicsilicovolcanoconiosispneumonoultramicroscopicsilico.
An address without an end: <https://reader.example/a/very/long/path/that/never/seems/to/come/to/an/end/at/all>.

## A table wider than a phone

| Week | Monday | Tuesday | Wednesday | Thursday | Friday | Saturday | Sunday |
|---|---|---|---|---|---|---|---|
| First | Rest | Sunscreen | Moisturiser | Rest | Treatment | Rest | Sunscreen |
| Second | Rest | Sunscreen | Moisturiser | Rest | Treatment | Rest | Sunscreen |

### Code and quotations

```
a line of code that is a good deal longer than the width of any telephone ever made by anybody
```

> Quoted words, with a note[^1] and a [link elsewhere](https://reader.example/study).

[^1]: The note.

## Lists and pictures

1. One
2. Two
    - Two and a half

Term
:   What it means

!!! note "Worth knowing"
    A paragraph apart.

![A plain square](/media/cover.png)

بشرة جافة في الشتاء
"""

PLAIN = """\
---
title: {title}
date: 2025-{month:02}-{day:02}
author: sandra-de-beer
summary: {title}, in a few words.
topics: [Daily care]
---

{title}: what to do, and what to leave.
"""

ADDRESS = "thandi@reader.example"
BY_TRUST = "---\ncomments: trusted\n"

SHORT = [
    "Sunscreen in the shade",
    "How much water is enough",
    "Washing without drying out",
    "Patch tests at home",
    "Sleep and the skin",
    "Reading a label",
    "After a long flight",
    "Retinol for beginners",
]

# Who says it, what, and which of the comments before (from 0) it answers; None is the author.
COMMENTS: list[tuple[str | None, str, int | None]] = [
    ("Nomsa K.", "I had microneedling last year and the redness was gone in **two days**.", None),
    ("Pieter", "Very clear comparison, thank you. The table alone answered my question.", None),
    ("Lerato M.", "Is either of them safe while breastfeeding? My doctor was not sure.", None),
    (None, "Please wait until you have finished, and speak to your doctor first.", 2),
    ("Lerato M.", "Thank you, I will. How long should I leave between the two?", 3),
    (None, "Six weeks at the least. Come in for a short talk before you book.", 4),
    ("Annelise", "Which of the two hurts less? I am *really* not good with needles.", None),
    ("Thandi", "With the numbing cream I felt almost nothing, only a little warmth.", 6),
    ("Annelise", "That is a relief. And the next day?", 7),
    ("Thandi", "Like mild sunburn. By the weekend there was nothing to see.", 8),
    ("J. van der Merwe", "How many sessions did it take before the scars looked better?", None),
    (
        None,
        "Most people see a change after three or four:\n\n- one a month\n- then a pause\n- then we look again",
        10,
    ),
    ("عائشة", "شكرا جزيلا، المقال واضح ومفيد جدا.", None),
    ("Sipho", "Does it help with hair loss too, or is that only mesotherapy?", None),
    ("Grace", "I would like to know that as well.", 13),
    (None, "Both are used for it. Which suits you depends on the cause, so let us look first.", 13),
    ("Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren" * 3, "A long name.", None),
    ("Marie", "I read that sunscreen matters more afterwards. Which one do you use?", None),
    ("Kobus", "Any that you will really put on every day, says my wife. She is right.", 17),
    ("Zanele", "Saved this page to show my sister. Thank you for writing so plainly.", None),
]

WAITING = [
    ("Mpho", "Can I go swimming the day after?"),
    ("Best Serum Deals", "Amazing post! Buy retinol at www.best-serum-deals.example today"),
    ("Refilwe", "Wie kann ich einen Termin buchen?"),
]
