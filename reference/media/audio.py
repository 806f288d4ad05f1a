"""Short-term sound features of pyAudioAnalysis 0.3.14 on two minutes of synthetic speech.

    python reference/media/audio.py                       rewrites audio_speech.json beside this file
    python reference/media/audio.py --compare EXAMPLE     runs the compiled example `audio_features` on the same files, prints the largest
                                                    absolute difference per case and the ratio of run times

Two differences are printed. The first is to pyAudioAnalysis as it is. A frame of equal samples (digital silence, where the mean of the
recording is not 0) has a spectrum that is 0 but for bin 0; scipy's transform leaves noise of 1e-20 there, the logarithm of the mel
bank makes 1e-6 of it, and ours has the exact 0. The second difference is to pyAudioAnalysis with that spectrum made exact. The
comparison fails where the first exceeds 1e-4 or the second 1e-9.

Needs espeak-ng, and numpy 2.4.6, scipy 1.17.1, tqdm and pyAudioAnalysis 0.3.14 (installed with --no-deps; only ShortTermFeatures is
imported, with a stand-in for matplotlib). espeak-ng versions speak differently: the JSON records counts of the samples, and a test
that finds other ones says so and stops.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import types
import wave
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np
import scipy.signal

plot = types.ModuleType("matplotlib.pyplot")
sys.modules["matplotlib"] = types.ModuleType("matplotlib")
sys.modules["matplotlib.pyplot"] = plot
sys.modules["matplotlib"].pyplot = plot
from pyAudioAnalysis import ShortTermFeatures  # noqa: E402

VOICE = ["-v", "en-us+f3", "-s", "150", "-p", "60"]
SENTENCE = (
    "In my last position I planned the night shifts of a small hospital. When two colleagues fell ill in the same week, I asked "
    "everybody which hours they could take, wrote a new plan, and explained it at the morning meeting. Nobody had to work twice in "
    "a row. I would do it again, but I would ask a day earlier. "
)
TEXT = SENTENCE * 8


def speech(folder):
    path = folder / "speech.wav"
    subprocess.run(["espeak-ng", *VOICE, "-w", str(path), TEXT], check=True)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def store(path, rate, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())


def features(rate, samples, window, step):
    values, names = ShortTermFeatures.feature_extraction(samples, rate, window, step)
    return np.ascontiguousarray(values.T), names


def exact_features(rate, samples, window, step):
    """The same, but the spectrum of a frame of equal samples has exact zeros."""
    transform = ShortTermFeatures.fft

    def exact(frame):
        if (frame == frame[0]).all():
            spectrum = np.zeros(len(frame))
            spectrum[0] = frame[0] * len(frame)
            return spectrum
        return transform(frame)

    ShortTermFeatures.fft = exact
    try:
        return features(rate, samples, window, step)[0]
    finally:
        ShortTermFeatures.fft = transform


def cases(rate, samples):
    """name, rate, samples, window, step"""
    yield "native rate, 50/25 ms", rate, samples, int(0.05 * rate), int(0.025 * rate)
    yield "native rate, a thirtieth", rate, samples, len(samples) // 30, len(samples) // 30
    at_16k = np.clip(np.round(scipy.signal.resample_poly(samples.astype(float), 320, 441)), -32768, 32767).astype(np.int16)
    yield "16 kHz, 50/25 ms", 16000, at_16k, 800, 400
    yield "16 kHz, 29 s, 50/25 ms", 16000, at_16k[: 29 * 16000], 800, 400
    yield "16 kHz, 29 s, a thirtieth", 16000, at_16k[: 29 * 16000], 29 * 16000 // 30, 29 * 16000 // 30
    yield "odd window", 16000, at_16k, 811, 397
    silence = np.zeros(3 * 16000, dtype=np.int16)
    padded = np.concatenate([silence, at_16k, silence])
    yield "silence before and after", 16000, padded, 800, 400
    yield "silence before and after, window 19 x 29", 16000, padded, 551, 551
    yield "silence before and after, prime window", 16000, padded, 809, 404
    offset = np.clip(at_16k.astype(int) // 2 + 5000, -32768, 32767).astype(np.int16)
    yield "constant offset", 16000, offset, 800, 400
    yield "constant offset and silence", 16000, np.concatenate([silence + 5000, offset]), 800, 400
    quiet = np.round(at_16k / 4096).astype(np.int16)
    yield "12 bits quieter", 16000, quiet, 800, 400
    clipped = np.clip(at_16k.astype(int) * 20, -32768, 32767).astype(np.int16)
    yield "clipped", 16000, clipped, 800, 400
    yield "silence only", 16000, silence, 800, 400
    yield "8 kHz, 25 ms", 8000, at_16k[::2], 200, 100
    yield "48 kHz", 48000, np.repeat(at_16k, 3), 2400, 1200


def write(folder):
    rate, samples = speech(folder)
    version = subprocess.run(["espeak-ng", "--version"], check=True, capture_output=True, text=True).stdout.split("Data")[0].strip()
    window, step = int(0.05 * rate), int(0.025 * rate)
    values, names = features(rate, samples, window, step)
    frames = [int(i) for i in np.linspace(0, len(values) - 1, 60)]
    document = {
        "what": "pyAudioAnalysis 0.3.14 short-term features of synthetic speech: chosen frames, and sums over all frames",
        "made_with": {"espeak-ng": version, "pyAudioAnalysis": "0.3.14", "numpy": np.__version__, "scipy": scipy.__version__},
        "espeak_ng": [*VOICE],
        "text": TEXT,
        "rate": rate,
        "samples": len(samples),
        "sample_sum": int(samples.astype(np.int64).sum()),
        "sample_abs_sum": int(np.abs(samples.astype(np.int64)).sum()),
        "sample_square_sum": int((samples.astype(np.int64) ** 2).sum()),
        "window": window,
        "step": step,
        "rows": len(values),
        "names": names,
        "frames": frames,
        "features_by_frame": [[float(v) for v in values[i]] for i in frames],
        "sums": [float(v) for v in values.sum(axis=0)],
        "sums_of_squares": [float(v) for v in (values**2).sum(axis=0)],
    }
    path = Path(__file__).with_name("audio_speech.json")
    path.write_text(json.dumps(document) + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes, {len(samples) / rate:.1f} s, {len(values)} frames")


def compare(folder, example):
    rate, samples = speech(folder)
    print(f"{len(samples) / rate:.1f} s of speech at {rate} Hz")
    worst, worst_exact = 0.0, 0.0
    for name, rate, samples, window, step in cases(rate, samples):
        path = folder / "case.wav"
        store(path, rate, samples)
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            expected, names = features(rate, samples, window, step)
            seconds.append(time.perf_counter() - start)
        run = subprocess.run([example, path, str(window), str(step), "5"], check=True, capture_output=True, text=True)
        *lines, last = run.stdout.splitlines()
        ours = np.array([[float(number) for number in line.split()] for line in lines])
        assert ours.shape == expected.shape, (ours.shape, expected.shape)
        assert np.isfinite(ours).all() and np.isfinite(expected).all()
        gap = np.abs(ours - expected)
        column = int(gap.max(axis=0).argmax())
        exact_gap = np.abs(ours - exact_features(rate, samples, window, step)).max()
        fastest = float(last[1:])
        print(
            f"{name:42} {len(expected):5} x 68  largest difference {gap.max():.1e} ({names[column]}), exact silence {exact_gap:.1e}  "
            f"pyAudioAnalysis {min(seconds) * 1e3:7.1f} ms, ours {fastest * 1e3:6.2f} ms, ratio {min(seconds) / fastest:5.1f}"
        )
        worst, worst_exact = max(worst, gap.max()), max(worst_exact, exact_gap)
    print(f"largest difference of all: {worst:.2e}, with exact silence {worst_exact:.2e}")
    return 0 if worst <= 1e-4 and worst_exact <= 1e-9 else 1


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        if sys.argv[1:2] == ["--compare"]:
            sys.exit(compare(Path(temporary), sys.argv[2]))
        write(Path(temporary))
