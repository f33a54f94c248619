"""Names and titles that try to be markup, commands or control characters."""

HOSTILE = [
    r"\write18{rm -rf /}",
    r"\input{/etc/passwd}",
    r"\catcode`\%=12",
    r"\def\x{y}\x",
    r"\end{document}",
    "}}}{{{",
    "$$ a_b^c & # % ~",
    "^^5cinput",
    "a]]><script>alert(1)</script>",
    '"]; x [label="evil',
    "</g></svg><svg onload=alert(1)>",
    "&lt;b&gt; &amp;",
    "\u202eevil\u2066",
    r"\sqrt" * 60,
    "{" * 300,
    r"\left(\left[",
    "损失_函数",
    "𝒲 é ☃",
]
#: No name of a variable, but a title may be read from anywhere.
HOSTILE_TITLES = [*HOSTILE, "a\x00b\x1b[31mc\nd", "\ud800"]
