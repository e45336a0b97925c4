"""Hostile texts, made by rule: attack payloads as grids, and patterns that make parsers slow."""

from __future__ import annotations

from itertools import product
from typing import Final

# Grids of payloads -------------------------------------------------------------------------------

SCHEMES: Final = ("javascript", "vbscript", "data", "file", "livescript", "jar", "view-source", "x")
_BODIES = ("alert(1)", "123", "`1`", "//%0aalert(1)", "text/html,<script>alert(1)</script>", "")


def _spellings(scheme: str) -> tuple[str, ...]:
    """Spell a scheme as a browser or a careless check may still read it."""
    head, tail = scheme[:1], scheme[1:]
    return (
        scheme,
        scheme.upper(),
        f" {scheme}",
        f"\t{head}\t{tail}",
        f"{head}\n{tail}",
        f"\x01{scheme}",
        f"\u00a0{scheme}",
        f"\u2028{scheme}",
        f"&#{ord(head)};{tail}",
        f"&#x{ord(head):x};{tail}",
        f"&#{ord(head):07d}{tail}",
        f"{head}&Tab;{tail}",
        f"{head}&NewLine;{tail}",
        f"{head}&#0;{tail}",
        f"{head}\\{tail}",
        f"%{ord(head):02x}{tail}",
        f"{head}\u00ad{tail}",
        f"{scheme}&colon;x",
    )


_LINKS = (
    "[click]({})",
    "[click](<{}>)",
    '[click]({} "title")',
    "<{}>",
    "[click][r]\n\n[r]: {}",
    "![look]({})",
    '<a href="{}">click</a>',
    "<a href='{}'>click</a>",
    "<a href={}>click</a>",
    '<a href="https://ok.example/" href="{}">click</a>',
    '<img src="{}">',
    '<img src="/media/ok.png" srcset="{}">',
    '<form action="{}"><button formaction="{}">go</button></form>',
    '<object data="{}"></object><embed src="{}">',
    '<svg><a xlink:href="{}"><text>click</text></a></svg>',
    '<math href="{}">click</math>',
    '<blockquote cite="{}">quote</blockquote>',
    '<body background="{}">',
    '<meta http-equiv="refresh" content="0;url={}">',
    '<base href="{}">',
    '<link rel="stylesheet" href="{}">',
    '<p style="background:url({})">styled</p>',
)
LINKS: Final = tuple(
    context.replace("{}", f"{spelling}:{body}")
    for context, scheme, body in product(_LINKS, SCHEMES, _BODIES)
    for spelling in _spellings(scheme)
)

_TAGS = (
    "a abbr article audio b base body button details div embed font form frame frameset head html"
    " iframe image img input isindex keygen link listing main marquee math meta noembed noframes"
    " noscript object p plaintext pre s script select slot source span style summary svg table"
    " template textarea title track video xmp xss"
)
_HANDLERS = ("onload", "onerror", "onclick", "onfocus", "onmouseover", "ontoggle", "onanimationend")
_SHAPES = (
    "<{tag} {handler}=alert(1)>text</{tag}>",
    "<{tag} {handler}='alert(1)' src=x href=x autofocus tabindex=1>",
    "<{tag}/{handler}=alert(1)>text",
    '<{tag} x="> <img src=x {handler}=alert(1)>">text</{tag}>',
    "<{tag}\n{handler}\n=\nalert(1)\n>text",
    "<{tag} title='</{tag}><img src=x {handler}=alert(1)>'>text",
    "<<{tag} {handler}=alert(1)//<</{tag}>",
    "<{tag} class=evil style=color:red id=main name=comments {handler}=alert(1)>text</{tag}>",
)
HANDLERS: Final = tuple(
    shape.format(tag=tag, handler=handler)
    for tag, handler, shape in product(_TAGS.split(), _HANDLERS, _SHAPES)
)

_OUTER = (
    "svg math style title textarea noscript template xmp iframe noembed noframes select table"
    " desc foreignObject mi mtext annotation-xml mglyph p a b pre"
)
_INNER = (
    "<style><img src=x onerror=alert(1)></style>",
    "<p id='</{outer}><img src=x onerror=alert(1)>'>",
    "<!--</{outer}><img src=x onerror=alert(1)>-->",
    "<![CDATA[</{outer}><img src=x onerror=alert(1)>]]>",
    "<mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=alert(1)&gt;'>",
    "&lt;/{outer}&gt;&lt;img src=x onerror=alert(1)&gt;",
    "</{outer}/><script>alert(1)</script>",
    "<table><td><{outer}><script>alert(1)</script>",
    "<a href='</{outer}>'><script>alert(1)//",
)
# What one parser takes for text and another for a tag.
CONFUSIONS: Final = tuple(
    f"<{outer}>{inner.format(outer=outer)}</{outer}>{after}"
    for outer, inner, after in product(_OUTER.split(), _INNER, ("", "text", "<p>text"))
)

_BREAKOUTS = (
    "`{}`",
    "```\n{}\n```",
    "```{}\ncode\n```",
    "> {}",
    "- {}",
    "[{}](https://ok.example/)",
    "[text](https://ok.example/{})",
    '[text](https://ok.example/ "{}")',
    "![{}](/media/ok.png)",
    "**{}**",
    "| a | b |\n|---|---|\n| {} | c |",
    "| {} | b |\n|---|---|\n| a | c |",
    "# {}",
    "# Heading {{: {} }}",
    "*[WORD]: {}\n\nWORD",
    "note[^1]\n\n[^1]: {}",
    "note[^{}]\n\n[^{}]: words",
    '!!! note "{}"\n    text',
    "!!! {}\n    text",
    "Term\n:   {}",
    "<details><summary>{}</summary></details>",
    "<figure>\n\n{}\n\n</figure>",
    "&lt;{}",
)
_CHARGES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "onclick=alert(1) style=color:red",
    '.evil #main onfocus="alert(1)" tabindex=1 href="javascript:alert(1)"',
    "</p></div></main><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script>",
    "\x02wzxhzdk:0\x03<script>alert(1)</script>",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&amp;lt;script&amp;gt;alert(1)",
    "\\<script\\>alert(1)\\</script\\>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "＜script＞alert(1)＜/script＞",
    "<a href=javascript:alert(1)>x</a>",
)
BREAKOUTS: Final = tuple(
    context.replace("{}", charge).replace("{{", "{").replace("}}", "}")
    for context, charge in product(_BREAKOUTS, _CHARGES)
)

# Bits of HTML for random documents, well formed only by chance.
PIECES: Final = (
    "<p>", "</p>", "<a href='http://x.org/?a=1&b=2'>", "<a href=javascript:123>", "<a id=x>", "</a>",
    "<b>", "</b>", "<strong>", "<em>", "</em>", "<ul>", "<ol start=3>", "<li>", "</ul>", "<pre>",
    "<pre>\n\n", "<pre>&#10;", "</pre>", "<code>", "</code>", "<blockquote>", "<br>", "</br>", "<hr>",
    "a & b", "&amp;", "&lt;b&gt;", "&quot;", "&nbsp;", "&#0;", "&#1;", "&#x0c;", "&#13;", "&NewLine;",
    "&#x80;", "&#xD800;", "&notit;", "<", "<<", ">", "'", '"', "<!--", "-->", "<!DOCTYPE x>",
    "<![CDATA[x]]>", "<?php x ?>", "<svg>", "<math>", "<mi>", "<mglyph>", "<style>", "</style>",
    "<script>", "</script>", "<title>", "<textarea>", "<noscript>", "<template>", "<xmp>", "<form>",
    "<plaintext>", "<select>", "<option>", "<table>", "<tr>", "<td>", "<th>", "<tbody>", "</table>",
    "<caption>", "<img src=/x.png>", "<img src=http://x.y/z.png alt='a\"b'>", "<img src>", "<image>",
    "<h1>", "<h2 id=main>", "<h2 id=x>", "</h2>", "<div class='note evil'>", "<div role=x>", "</div>",
    "<details open>", "<summary>", "<dl>", "<dt>", "<dd>", "<ruby>", "<button>", "<body onload=x>",
    "<html>", "<frameset>", "\n", "\t", " ", "\x00", "\x01", "\x0c", "\r", "\ud800", "\u2028", "é",
    "<p title='x' lang=af dir=rtl>", "<span id=' a b '>", "<p id=''>", "<a title='&quot;&lt;&#1;'>",
    "<a title='x\" &amp; y'>", "<a href=' &#106;avascript:1'>", "<a href=//y>", "</p", "<p x", "<nobr>",
    '<a href="', "='", "<td colspan=2>", "<abbr title='<b>'>", "<figure>", "<figcaption>", "<iframe>",
)  # fmt: skip

PAYLOADS: Final = LINKS + HANDLERS + CONFUSIONS + BREAKOUTS

# Slow patterns -----------------------------------------------------------------------------------

_REPEATED = (
    "[", "]", "![", "<![", "[a](", "[a](<", "[](", "[[", "[a][", "[^", "]: ", "](", "[a]: /x\n",
    "<", "<a", "<a ", "</", "<!--", "<!-- ", "<?", "<![CDATA[", "<!A", "<http://", "<a@b.c", "<a b='",
    "*", "**", "_", "__", "*a ", "**a ", "_a ", "*a_", "a**b", "*_", "_*", "***a** ", "a*", " *",
    "`", "``", "`a", "`` ` ", "```\n", "~~~\n", "```a\n", "\\", "\\\\", "\\*", "\\`", "\\[",
    "&", "&#", "&amp;", "&#x", "&#1", "&a", "&copy;", "&#x41;", ">", "> ", ">\n", "> a\n", ">> ",
    "- ", "* ", "+ ", "1. ", "1) ", "- a\n", "1. a\n", "-\n", "- > ", "> - ", "> 1. ", "- - a\n",
    "  - a\n", "\t", "\t- ", " ", "\n", "\n\n", " \n", "  \n", "a\n", "a  \n", "|", "| a ", "|-",
    "!", "!!! a\n", ":", ":   a\n", "'", '"', "('", '("', "(", ")", "((", "[a](b", "[a](b 'c",
    "http://a", "https://a.b/", "mailto:", "a@", "a@b.c ", "www.", "<a@", "<mailto:",
    "\u00a0", "\u202e", "\u0301", "é", "😀", "\u3000", "\u2028", "\x00", "\x0c", "\ufeff", "\r",
    "#", "# ", "# a\n", "=\n", "a\n=\n", "---\n", "***\n", "{", "{: a", "{:}", "*[a]: b\n", "[^a]: b\n",
)  # fmt: skip


def _mixed(size: int) -> dict[str, str]:
    """Patterns with a head, a nest or two halves, at about `size` characters."""
    half, third = size // 2, size // 3
    ladder = "\n".join("  " * depth + "- a" for depth in range(60))
    steps = "\n".join(">" * depth + " a" for depth in range(1, 90))
    return {
        "bullets then a letter": "* " * 600 + "a",
        "bullets then a letter, longer": "* " * (half - 1) + "a",
        "numbers then a letter": "1. " * (third - 1) + "a",
        "quotes then a letter": ">" * (size - 1) + "a",
        "brackets opened and closed": "[" * half + "]" * half,
        "brackets closed with targets": "[" * third + "](a)" * (third // 2),
        "images opened and closed": "![" * third + "]" * third,
        "link label of brackets": "[" + "[]" * (half - 10) + "](https://a.b)",
        "link target of parentheses": "[a](" + "(" * half + ")" * half,
        "link target of backslashes": "[a](https://a.b/" + "\\" * (size - 20),
        "link target of entities": "[a](https://a.b/" + "&#x41;" * (size // 7) + ")",
        "link target of digits": "[a](https://a.b/&#" + "1" * (size - 30) + ";)",
        "link title of quotes": '[a](https://a.b "' + '\\"' * (half - 20) + '")',
        "emphasis opened and closed": "*" * half + "a" + "*" * (half - 1),
        "emphasis inside out": "*a **b " * (size // 14) + "c** d*" * (size // 14),
        "emphasis around underscores": "*_" * (size // 4) + "a" + "_*" * (size // 4),
        "stars of three lengths": "a*b**c***" * (size // 9),
        "backticks of growing length": "".join("`" * n + "a" for n in range(1, 97))[:size],
        "backticks that never close": "`" * 2 + "a`" * (half - 2),
        "fence that never closes": "```\n" + "a" * (size - 4),
        "fences of growing length": "\n".join("`" * n for n in range(3, 95)),
        "autolink that never closes": "<https://" + "a" * (size - 9),
        "autolink of dots": "<https://" + "a." * (half - 10) + ">",
        "mail of dots": "<a@" + "a." * (half - 10) + "b>",
        "entity that never ends": "&" + "a" * (size - 1),
        "digits that never end": "&#" + "1" * (size - 2),
        "digits that end late": "&#" + "1" * (size - 3) + ";",
        "escapes before newlines": "\\\n" * 299,
        "ladder of lists": ladder[:size],
        "steps of quotes": steps[:size],
        "lists in quotes in lists": "> - " * (size // 4 - 1) + "a",
        "lazy lines under a deep quote": ">" * 11 + "a\n" + "a\n" * 298,
        "loose list": "- a\n\n" * 149,
        "list of empty items": "-\n" * 299,
        "deepest list, many items": "- - - - - a\n" * 299,
        "many short paragraphs": "a\n\n" * 149,
        "one long word": "a" * size,
        "tags unclosed": "<b>" * third,
        "tags closed only": "</b>" * (size // 4),
        "attributes without end": "<a " + "b=c " * (size // 4 - 1),
        "comment that never closes": "<!--" + "-" * (size - 4),
        "links in a row": "[a](https://a.b) " * (size // 17),
        "quotes in a title, nested": '[a](https://a.b "' * (size // 18),
        "every mark in turn": "*_`[]()<>!&\\#->" * (size // 15),
    }


def slow_patterns(size: int) -> dict[str, str]:
    """Name patterns known to cost parsers more than their length, each cut to `size`."""
    repeated = {f"{piece!r} again and again": piece * size for piece in _REPEATED}
    return {name: text[:size] for name, text in {**repeated, **_mixed(size)}.items()}
