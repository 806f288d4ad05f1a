"""Interview recordings to features with Python's usual libraries, timed: the peer of `evenhand extract`.

    python reference/interviews_peer.py CORPUS/manifest.csv --text-model FOLDER [--rows 50] [--jobs 2] [--min-face 40] [--out FOLDER]

For each of the first rows of a manifest (columns id, file, transcript; paths relative to the manifest):

1. video   ffprobe lists the packets; one ffmpeg pass decodes the middle frame of each of 30 equal segments to RGB
2. faces   facenet-pytorch MTCNN on all 30 frames at once, largest face, cropped and resized to 112x112
3. sound   ffmpeg decodes to 16 kHz mono
4. audio   pyAudioAnalysis short-term features with deltas, window = step = N/30: 30 x 68
5. text    transformers: the encoder's last layer, mean over the tokens
6. write   one npz per candidate

and prints one JSON line: seconds from the first to the last row (models loaded, one row done before the clock starts), the processor's
seconds, and the seconds of each stage added up over the workers. `--jobs 1` gives PyTorch all threads, more jobs share them:
measure both on a quiet machine and give the peer the better. Nothing here is part of the product.

Versions: `requirements-interviews.txt`. facenet-pytorch and pyAudioAnalysis pin old libraries: install them with `pip install --no-deps`.
"""

import argparse
import csv
import importlib.metadata
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import time
import types
from collections import Counter
from pathlib import Path

SEGMENTS = 30
RATE = 16_000
SIDE = 112

worker = types.SimpleNamespace()


def short_term_features():
    """pyAudioAnalysis' module alone: it imports matplotlib, and a scipy path that newer versions moved."""
    for name in ("matplotlib", "matplotlib.pyplot"):
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules["matplotlib"].pyplot = sys.modules["matplotlib.pyplot"]
    try:
        import scipy.fftpack.realtransforms  # noqa: F401
    except ImportError:
        import scipy.fftpack

        moved = types.ModuleType("scipy.fftpack.realtransforms")
        moved.dct = scipy.fftpack.dct
        sys.modules["scipy.fftpack.realtransforms"] = moved
    from pyAudioAnalysis import ShortTermFeatures

    return ShortTermFeatures


def load(settings):
    """Loads the libraries and models into this process."""
    import torch

    torch.set_num_threads(settings.threads)
    from facenet_pytorch import MTCNN
    from transformers import AutoModel, AutoTokenizer

    worker.settings = settings
    worker.torch = torch
    worker.detector = MTCNN(min_face_size=settings.min_face, device="cpu", post_process=False)
    worker.tokenizer = AutoTokenizer.from_pretrained(settings.text_model)
    worker.encoder = AutoModel.from_pretrained(settings.text_model).eval()
    worker.audio = short_term_features()


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode != 0:
        raise ValueError(done.stderr.decode(errors="replace").strip()[-300:])
    return done.stdout


def frames(path):
    import numpy as np

    probe = json.loads(
        run("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height:packet=pts", "-of", "json", path)
    )
    if not probe["streams"]:
        raise ValueError("no video")
    width, height = probe["streams"][0]["width"], probe["streams"][0]["height"]
    count = len(probe["packets"])
    chosen = sorted({int((segment + 0.5) * count / SEGMENTS) for segment in range(SEGMENTS)})
    select = "+".join(f"eq(n\\,{number})" for number in chosen)
    raw = run(
        "ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:v:0", "-vf", f"select='{select}'",
        "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-",
    )  # fmt: skip
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def crops(pictures):
    import numpy as np
    from PIL import Image

    size = worker.settings.batch
    boxes = []
    with worker.torch.no_grad():
        for start in range(0, len(pictures), size):
            found, _ = worker.detector.detect(list(pictures[start : start + size]))
            boxes.extend(None if box is None else box[0] for box in found)
    faces = np.zeros((SEGMENTS, 3, SIDE, SIDE), np.uint8)
    height, width = pictures.shape[1:3]
    for number, (picture, box) in enumerate(zip(pictures, boxes)):
        if box is None:
            continue
        left, top = (int(max(side, 0)) for side in box[:2])
        right, bottom = int(min(box[2], width)), int(min(box[3], height))
        face = Image.fromarray(picture[top:bottom, left:right]).resize((SIDE, SIDE), Image.BILINEAR)
        faces[number] = np.asarray(face).transpose(2, 0, 1)
    return faces, sum(box is not None for box in boxes)


def sound(path):
    import numpy as np

    raw = run("ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:a:0", "-vn", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-")
    return np.frombuffer(raw, "<i2")


def audio_features(samples):
    window = len(samples) // SEGMENTS
    table, _ = worker.audio.feature_extraction(samples, RATE, window, window, deltas=True)
    return table.T[:SEGMENTS].astype("float32")


def embedding(text):
    tokens = worker.tokenizer(text, truncation=True, max_length=512, return_tensors="pt")
    with worker.torch.no_grad():
        states = worker.encoder(**tokens).last_hidden_state
    mask = tokens["attention_mask"].unsqueeze(-1)
    return ((states * mask).sum(1) / mask.sum(1))[0].numpy()


def processor_seconds():
    """Of this process and of the ffmpeg calls it waited for: steadier than the clock on a busy machine."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def extract(row):
    """One candidate: seconds per stage, processor seconds, faces found, and the problem if there is one."""
    import numpy as np

    seconds = Counter()
    before = processor_seconds()

    def timed(stage, call, *arguments):
        start = time.perf_counter()
        result = call(*arguments)
        seconds[stage] += time.perf_counter() - start
        return result

    found = 0
    try:
        path = str(Path(worker.settings.manifest).parent / row["file"])
        pictures = timed("video", frames, path)
        faces, found = timed("faces", crops, pictures)
        samples = timed("sound", sound, path)
        features = timed("audio", audio_features, samples)
        text = timed("text", embedding, row["transcript"])
        target = Path(worker.settings.out) / f"{row['id']}.npz"
        timed("write", lambda: np.savez(target, frames=faces, audio=features, text=text, faces_found=found))
    except ValueError as problem:
        return dict(seconds), processor_seconds() - before, found, f"{row['id']}: {problem}"
    return dict(seconds), processor_seconds() - before, found, None


def warm(row):
    """Loads what the libraries load at the first call."""
    extract(row)
    time.sleep(0.2)  # the other workers take theirs
    return os.getpid()


def main():
    parser = argparse.ArgumentParser(description="Interview recordings to features with Python's usual libraries, timed.")
    parser.add_argument("manifest")
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--threads", type=int, help="PyTorch threads of a process; default: the processors shared by the jobs")
    parser.add_argument("--batch", type=int, default=SEGMENTS, help="frames that the detector takes at once")
    parser.add_argument("--text-model", required=True, help="folder with config.json, the weights and the tokenizer")
    parser.add_argument("--min-face", type=int, default=40)
    parser.add_argument("--out", default="target/interviews-peer")
    settings = parser.parse_args()
    settings.threads = settings.threads or max(1, (os.cpu_count() or 1) // settings.jobs)
    Path(settings.out).mkdir(parents=True, exist_ok=True)
    with open(settings.manifest, newline="", encoding="utf-8") as table:
        rows = [row for _, row in zip(range(settings.rows), csv.DictReader(table))]
    if not rows:
        sys.exit(f"{settings.manifest} holds no rows")

    start = time.perf_counter()
    if settings.jobs == 1:
        load(settings)
        warm(rows[0])
        loaded = time.perf_counter()
        results = [extract(row) for row in rows]
    else:
        # Threads of the numerical libraries are counted before they start.
        os.environ["OMP_NUM_THREADS"] = str(settings.threads)
        pool = multiprocessing.get_context("spawn").Pool(settings.jobs, load, (settings,))
        while len(set(pool.map(warm, rows[:1] * settings.jobs, chunksize=1))) < settings.jobs:
            pass
        loaded = time.perf_counter()
        results = pool.map(extract, rows, chunksize=1)
    finished = time.perf_counter()
    if settings.jobs > 1:
        pool.close()
        pool.join()

    stages = Counter()
    for seconds, *_ in results:
        stages.update(seconds)
    problems = [problem for *_, problem in results if problem]
    names = ["facenet-pytorch", "numpy", "pyAudioAnalysis", "torch", "transformers"]
    report = {
        "rows": len(rows),
        "jobs": settings.jobs,
        "threads": settings.threads,
        "batch": settings.batch,
        "min_face": settings.min_face,
        "load_seconds": round(loaded - start, 3),
        "seconds": round(finished - loaded, 3),
        "seconds_per_row": round((finished - loaded) / len(rows), 4),
        "processor_seconds": round(sum(used for _, used, _, _ in results), 3),
        "stage_seconds": {stage: round(seconds, 3) for stage, seconds in stages.items()},
        "faces_found": sum(found for _, _, found, _ in results),
        "failed": len(problems),
        "problems": problems[:5],
        "versions": {name: importlib.metadata.version(name) for name in names},
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
