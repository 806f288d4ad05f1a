"""Writes text/wordpiece.json: token ids that the `tokenizers` library gives for several hundred strings, and its treatment of every character.

A vocabulary of a few hundred pieces is made here from the words of `SENTENCES`; nothing is taken from a published model. The library is
told to treat special tokens in the input as plain text (`encode_special_tokens`), as Evenhand does.

    python reference/media/wordpiece.py
"""

import json
import pathlib
import random
import sys
import tempfile
from importlib.metadata import version

from tokenizers import BertWordPieceTokenizer

HERE = pathlib.Path(__file__).parent / "text"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

SENTENCES = {
    "english": [
        "I led a team of five engineers and we shipped the release two weeks early.",
        "Well, um, I'd say my greatest strength is listening; people don't always expect that!",
        "In 2019 the company's revenue grew by 12.5%, from $3,400,000 to $3,825,000.",
        "Could you repeat the question, please? I wasn't sure what you meant by \"stakeholder\".",
        "I resigned because the commute was 2h/day -- and the role had changed (a lot).",
        "My résumé says naïve café façade; that is a coöperative joke.",
        "THE QUICK BROWN FOX jumps over the lazy dog",
        "e-mail me at first.last+jobs@example.org or see https://example.org/cv?id=7#top",
    ],
    "korean": [
        "안녕하세요, 저는 지난 삼 년 동안 고객 상담 팀에서 일했습니다.",
        "제 장점은 꼼꼼함과 책임감이라고 생각합니다.",
        "프로젝트가 늦어졌을 때 팀원들과 일정을 다시 조정했습니다!",
        "면접 기회를 주셔서 감사합니다.",
        "ㅋㅋ 네, 그건 2020년의 일이었어요.",
    ],
    "german": [
        "Ich habe drei Jahre lang die Qualitätsprüfung in einem mittelständischen Unternehmen geleitet.",
        "Über Größe und Straße spreche ich gern: außerdem mag ich Äpfel, Öl und Übung.",
        "Meine größte Schwäche? Manchmal übernehme ich zu viele Aufgaben.",
        "Donaudampfschifffahrtsgesellschaftskapitän ist ein langes Wort.",
    ],
    "arabic": [
        "مرحبا، عملتُ في خدمة العملاء لمدة ثلاث سنوات.",
        "أُحِبُّ العملَ ضمنَ فريقٍ متعاون، وأتعلم بسرعة؟",
    ],
    "chinese": ["我在一家公司工作了三年。", "我的优点是认真和负责,也会说English。", "漢字とカタカナとひらがな、日本語も少し。"],
    "other": [
        "Работал инженером пять лет; ёлка и йод.",
        "मैंने तीन साल तक ग्राहक सेवा में काम किया।",
        "ฉันทำงานในบริษัทมาสามปีแล้ว",
        "Tôi đã làm việc ở công ty này được ba năm.",
        "Ο Οδυσσέας είναι μηχανικός ΣΟΦΟΣ",
        "İstanbul'da ığdır IĞDIR çalıştım",
    ],
    "emoji": ["great 👍🏽 work 😀😀", "family 👨‍👩‍👧‍👦 flag 🇰🇷 heart ❤️ keycap 1️⃣", "🙂", "™ © ® → ∑ ½ ① Ⅻ ﬁ ﬀ"],
    "whitespace": [
        "",
        " ",
        "\t\n\r",
        "tabs\tand\nnew\r\nlines",
        "no\u00a0break em\u2003space ideographic\u3000space line\u2028sep para\u2029sep",
        "zero\u200bwidth soft\u00adhyphen \ufeffbom word\u2060joiner ltr\u200emark",
        "  leading and trailing  ",
        "next\u0085line vertical\x0btab form\x0cfeed",
    ],
    "control": ["nul\x00inside bell\x07 esc\x1b[31m del\x7f", "replacement\ufffdcharacter", "private\ue000use", "file\x1cgroup\x1drecord\x1eunit\x1fsep", "\x00", "\ufffd \u200b"],
    "specials": ["[CLS] hello [SEP] world [PAD]", "ignore this [SEP] [MASK] [UNK] team", "[cls][sep]", "##ing ## # [", "a[SEP]b"],
    "long": ["a" * 100, "a" * 101, "team" * 25, "team" * 26, "é" * 100, "é" * 101, "가" * 50, "가" * 51, "x" * 99 + " team", "." * 150],
    "marks": ["e\u0301a\u0300u\u0308", "\u0301", "a\u0301\u0302\u0303b", "q\u0323\u0307", "Å\u212b", "ﬃ", "ǅ Ǆ ǆ", "ß ẞ SS", "ŉ ǰ ΐ", "¿qué? ¡sí!", "«quote» „Zitat“ ‘x’", "a_b-c–d—e…f·g", "$5 £5 €5 ^ ` ~ + = < > |"],
}


def vocabulary():
    """Characters of the sentences (whole and continued), and pieces of their words cut at seeded places."""
    rng = random.Random(20240501)
    words, characters = {}, {}
    for group, sentences in SENTENCES.items():
        if group in ("control", "long", "whitespace", "specials"):
            continue
        for sentence in sentences:
            for lower in (True, False):
                tokenizer = BertWordPieceTokenizer(lowercase=lower)
                text = tokenizer.normalizer.normalize_str(sentence)
                for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text):
                    words[word] = True
    for word in words:
        for character in word:
            characters[character] = True
    pieces = {}
    for word in sorted(words):
        if len(word) < 2 or rng.random() < 0.45:
            continue
        if rng.random() < 0.4:
            pieces[word] = True
        else:
            cut = rng.randint(1, len(word) - 1)
            pieces[word[:cut]] = True
            pieces["##" + word[cut:]] = True
    pieces["##ing"] = pieces["##s"] = pieces["team"] = pieces["##team"] = pieces["hello"] = pieces["world"] = True
    singles = []
    for character in sorted(characters):
        if rng.random() < 0.8:
            singles.append(character)
        if rng.random() < 0.55:
            singles.append("##" + character)
    seen = dict.fromkeys(SPECIAL + ["[unused0]"] + singles + sorted(pieces))
    return list(seen)


def texts():
    rng = random.Random(7)
    listed = [(group, text) for group, sentences in SENTENCES.items() for text in sentences]
    pool = [text for _, text in listed if text]
    odd = ["\u200d", "\u00a0", "\t", "\x00", "[SEP]", "👍", "\u0301", "中", "가", "ß", ".", "-", "\u3000", "İ", "##", "\ufffd", "ﷺ", "᾿"]
    for number in range(240):
        parts = []
        for _ in range(rng.randint(2, 6)):
            source = rng.choice(pool)
            start = rng.randrange(len(source))
            parts.append(source[start : start + rng.randint(1, 14)])
            if rng.random() < 0.6:
                parts.append(rng.choice(odd))
        listed.append(("mixed", "".join(parts)))
    return listed


def treatment(tokenizer, code):
    """removed | space | alone (split off: punctuation or an ideograph) | kept, as seen between two letters."""
    character = chr(code)
    text = tokenizer.normalizer.normalize_str("x" + character + "y")
    words = [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)]
    if words == ["xy"]:
        return "removed"
    if words == ["x", "y"]:
        return "space"
    return "kept" if len(words) == 1 else "alone"


def treatments(tokenizer):
    runs = []
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        now = treatment(tokenizer, code)
        if runs and runs[-1][1] == now:
            continue
        runs.append([code, now])
    return [[f"{start:X}", now] for start, now in runs]


def main():
    HERE.mkdir(exist_ok=True)
    pieces = vocabulary()
    listed = texts()
    spellings = []
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "vocab.txt"
        path.write_text("".join(piece + "\n" for piece in pieces), encoding="utf-8")
        for lowercase, strip_accents, ideographs in [(True, None, True), (False, None, True), (True, False, True), (False, True, True), (True, None, False)]:
            tokenizer = BertWordPieceTokenizer(str(path), lowercase=lowercase, strip_accents=strip_accents, handle_chinese_chars=ideographs)
            tokenizer._tokenizer.encode_special_tokens = True
            spellings.append({
                "lowercase": lowercase,
                "strip_accents": strip_accents,
                "tokenize_chinese_chars": ideographs,
                "ids": [tokenizer.encode(text, add_special_tokens=False).ids for _, text in listed],
            })
        cased = BertWordPieceTokenizer(str(path), lowercase=False, strip_accents=False)
        uncased = BertWordPieceTokenizer(str(path), lowercase=True)
        out = {
            "format": 1,
            "libraries": {"python": sys.version.split()[0], "tokenizers": version("tokenizers")},
            "vocabulary": pieces,
            "texts": [{"group": group, "text": text} for group, text in listed],
            "spellings": spellings,
            "treatment": {"cased": treatments(cased), "uncased": treatments(uncased)},
        }
    (HERE / "wordpiece.json").write_text(json.dumps(out, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(len(listed), "texts,", len(pieces), "pieces")


main()
