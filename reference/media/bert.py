"""Writes text/tiny-bert/ (a random BERT) and text/bert.json (what `transformers` computes with it).

Hidden 16, 2 layers, 2 heads, 40 positions, the vocabulary of text/wordpiece.json. The weights mean nothing: they are drawn from a seed, with
spreads large enough that every part of the network moves the result. The texts are longer and shorter than a chunk of 38 pieces.

    python reference/media/wordpiece.py && python reference/media/bert.py
"""

import json
import pathlib
import sys
from importlib.metadata import version

import numpy as np
import safetensors.torch
import torch
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertModel

HERE = pathlib.Path(__file__).parent / "text"
FOLDER = HERE / "tiny-bert"
POSITIONS = 40

TEXTS = {
    "english": "Well, I led a team of five engineers and we shipped the release two weeks early.",
    "korean": "안녕하세요, 저는 팀에서 일했습니다.",
    "german": "Meine größte Schwäche? Manchmal übernehme ich zu viele Aufgaben.",
    "one-word": "team",
    "exactly-one-chunk": " ".join(["team"] * (POSITIONS - 2)),
    "one-more-than-a-chunk": " ".join(["team"] * (POSITIONS - 2) + ["."]),
    "english-long": "I resigned because the commute was 2h/day, and the role had changed (a lot). In 2019 the company's revenue grew by 12.5%. "
    "Could you repeat the question, please? I wasn't sure what you meant by \"stakeholder\". My greatest strength is listening.",
    "korean-long": "제 장점은 꼼꼼함과 책임감이라고 생각합니다. 프로젝트가 늦어졌을 때 팀원들과 일정을 다시 조정했습니다! 면접 기회를 주셔서 감사합니다. "
    "안녕하세요, 저는 지난 삼 년 동안 고객 상담 팀에서 일했습니다.",
    "german-long": "Ich habe drei Jahre lang die Qualitätsprüfung in einem mittelständischen Unternehmen geleitet. Über Größe und Straße spreche ich gern: "
    "außerdem mag ich Äpfel, Öl und Übung. Donaudampfschifffahrtsgesellschaftskapitän ist ein langes Wort.",
    "unknown": "☃ ☃ team ☃",
}


def chunk_sizes(tokens, limit):
    """As few chunks as the limit allows; the first (tokens mod chunks) hold one piece more."""
    chunks = -(-tokens // limit)
    return [tokens // chunks + (1 if number < tokens % chunks else 0) for number in range(chunks)]


def build(pieces):
    torch.manual_seed(11)
    config = BertConfig(vocab_size=len(pieces), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=40,
                        max_position_embeddings=POSITIONS, type_vocab_size=2, hidden_act="gelu", layer_norm_eps=1e-12)
    config._attn_implementation = "eager"
    model = BertModel(config).eval()
    generator = torch.Generator().manual_seed(12)
    with torch.no_grad():
        for name, tensor in sorted(model.named_parameters()):
            noise = torch.randn(tensor.shape, generator=generator)
            if "LayerNorm.weight" in name:
                tensor.copy_(1 + 0.2 * noise)
            elif "bias" in name:
                tensor.copy_(0.2 * noise)
            elif "embeddings" in name:
                tensor.copy_(0.7 * noise)
            else:
                tensor.copy_(0.45 * noise)
    return config, model


def expected(model, tokenizer, text):
    vocabulary = tokenizer.get_vocab()
    start, end, pad = vocabulary["[CLS]"], vocabulary["[SEP]"], vocabulary["[PAD]"]
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    sizes = chunk_sizes(len(ids), POSITIONS - 2)
    begins = np.cumsum([0] + sizes)
    chunks = [[start] + ids[begin : begin + size] + [end] for begin, size in zip(begins, sizes)]
    # All chunks in one batch, padded and masked: what a chunk alone must agree with.
    longest = max(max(map(len, chunks)), POSITIONS)
    batch = torch.tensor([chunk + [pad] * (longest - len(chunk)) for chunk in chunks])
    mask = torch.tensor([[1] * len(chunk) + [0] * (longest - len(chunk)) for chunk in chunks])
    with torch.no_grad():
        out = model(input_ids=batch, attention_mask=mask)
    weights = np.array(sizes) / sum(sizes)
    states = out.last_hidden_state.double().numpy()
    cls = states[:, 0]
    means = np.stack([states[number, : len(chunk)].mean(0) for number, chunk in enumerate(chunks)])
    pooled = out.pooler_output.double().numpy()
    mean = weights @ means
    rounded = lambda values: [round(float(value), 9) for value in values]
    return {
        "ids": ids,
        "chunk_sizes": sizes,
        "unknown": ids.count(vocabulary["[UNK]"]),
        "cls_by_chunk": [rounded(row) for row in cls],
        "cls": rounded(weights @ cls),
        "cls-pooler": rounded(weights @ pooled),
        "mean": rounded(mean),
        "unit-mean": rounded(mean / np.linalg.norm(mean)),
    }


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    pieces = json.loads((HERE / "wordpiece.json").read_text())["vocabulary"]
    (FOLDER / "vocab.txt").write_text("".join(piece + "\n" for piece in pieces), encoding="utf-8")
    config, model = build(pieces)
    settings = {key: getattr(config, key) for key in ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size",
                                                     "max_position_embeddings", "type_vocab_size", "hidden_act", "layer_norm_eps"]}
    settings = {"architectures": ["BertModel"], "model_type": "bert", **settings}
    (FOLDER / "config.json").write_text(json.dumps(settings, indent=2) + "\n")
    (FOLDER / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True, "strip_accents": None, "tokenize_chinese_chars": True}) + "\n")
    tensors = {name: tensor.detach().clone().contiguous() for name, tensor in model.state_dict().items() if "position_ids" not in name}
    safetensors.torch.save_file(tensors, FOLDER / "model.safetensors", metadata={"format": "pt"})
    halves = {name: tensor.half() for name, tensor in tensors.items()}
    safetensors.torch.save_file(halves, FOLDER / "model-f16.safetensors", metadata={"format": "pt"})
    for name in ["model.safetensors", "model-f16.safetensors"]:
        (FOLDER / name).chmod(0o644)
    tokenizer = BertWordPieceTokenizer(str(FOLDER / "vocab.txt"), lowercase=True)
    tokenizer._tokenizer.encode_special_tokens = True
    out = {"format": 1, "libraries": {"python": sys.version.split()[0], **{name: version(name) for name in ["transformers", "torch", "tokenizers", "safetensors", "numpy"]}},
           "limit": POSITIONS - 2, "texts": []}
    # The folder as written, read back by transformers' own loader: the names are the ones it expects.
    reread = BertModel.from_pretrained(FOLDER, attn_implementation="eager").eval()
    half = BertModel(config).eval()
    half.load_state_dict({name: tensor.float() for name, tensor in halves.items()}, strict=False)
    for name, text in TEXTS.items():
        case = {"name": name, "text": text, "f32": expected(reread, tokenizer, text)}
        case["f16"] = {key: value for key, value in expected(half, tokenizer, text).items() if key in ("cls-pooler", "unit-mean")}
        out["texts"].append(case)
    (HERE / "bert.json").write_text(json.dumps(out, ensure_ascii=True, indent=None, separators=(",", ":")) + "\n")
    print([(case["name"], case["f32"]["chunk_sizes"], case["f32"]["unknown"]) for case in out["texts"]])


main()
