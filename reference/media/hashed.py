"""Writes text/hashed.json: the hashed vectors by a second implementation in plain Python, for texts of letters, digits and blanks.

    python reference/media/hashed.py
"""

import json
import math
import pathlib
import sys
import unicodedata
from collections import Counter

HERE = pathlib.Path(__file__).parent / "text"
MASK = (1 << 64) - 1


def hashed(family, feature):
    h = 0xCBF29CE484222325
    for byte in family.encode() + feature.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        h ^= h >> 33
        h = (h * factor) & MASK
    return h ^ (h >> 33)


def vector(text, width):
    text = unicodedata.normalize("NFKC", text).lower()
    words = "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text).split()
    groups = [padded[i : i + n] for padded in (f" {w} " for w in words) for n in (3, 4, 5) for i in range(len(padded) - n + 1)]
    families = {"w": words, "b": [f"{a} {b}" for a, b in zip(words, words[1:])], "c": groups}
    v = [0.0] * width
    for family, features in families.items():
        counts = Counter(features)
        weights = {g: 1 + math.log(n) for g, n in counts.items()}
        length = math.sqrt(math.fsum(x * x for x in weights.values()))
        for g, weight in weights.items():
            h = hashed(family, g)
            v[(h & (MASK >> 1)) % width] += (1 if h < 1 << 63 else -1) * weight / length
    length = math.sqrt(math.fsum(x * x for x in v))
    return [round(x / length, 9) for x in v]


TEXTS = [
    "ab",
    "the team led the team",
    "I led a team of five engineers, and we shipped two weeks early.",
    "제 장점은 꼼꼼함과 책임감이라고 생각합니다",
    "Meine GRÖSSTE Schwäche: zu viele Aufgaben",
    "ﬁne Ｆｕｌｌ ① x²",
    "re\u0301sume\u0301 रेख",
]
cases = [{"text": text, "width": width, "vector": vector(text, width)} for text in TEXTS for width in (16, 64, 512) if width < 512 or len(text) < 30]
out = {"format": 1, "libraries": {"python": sys.version.split()[0]}, "hash_of_w_ab": str(hashed("w", "ab")), "cases": cases}
(HERE / "hashed.json").write_text(json.dumps(out, ensure_ascii=True, separators=(",", ":")) + "\n")
h = {f + repr(g): (hashed(f, g), (hashed(f, g) & (MASK >> 1)) % 16, "+" if hashed(f, g) < 1 << 63 else "-") for f, g in [("w", "ab"), ("c", " ab"), ("c", "ab "), ("c", " ab ")]}
print(h, vector("ab", 16))
