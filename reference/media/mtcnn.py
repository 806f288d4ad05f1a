"""Expected results of facenet-pytorch 2.6.0 and Pillow for the face module.

    python mtcnn.py networks OUT.json                    random weights, random input: needs torch and facenet-pytorch's network classes
    python mtcnn.py resize OUT.json                      Pillow 12.1.0's antialiased bilinear resize (13 changed the order of
                                                         passes: up to 1 grey level) and torch's adaptive average pool
    python mtcnn.py pictures OUT.json                    scikit-image's astronaut and coffee with the released weights
    python mtcnn.py frames FACES.tar FOLDER [COUNT]      COUNT composed frames as PNG and `frames.json` with boxes (not committed)
    python mtcnn.py speed PICTURE [REPEATS]              seconds per 640x480 frame with one and two threads

Weights and pictures come from the installed packages; nothing is downloaded. Versions: requirements-media.txt.
"""

import io
import json
import random
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image


def noise(count, seed):
    """Whole numbers 0..2^32-1 from a hash that the Rust tests compute alike."""
    x = (np.arange(count, dtype=np.uint64) + np.uint64(seed * 1000003)) * np.uint64(2654435761) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(15)
    x = x * np.uint64(2246822519) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(13)
    return x


def signed(shape, seed, scale):
    count = int(np.prod(shape))
    values = (noise(count, seed).astype(np.int64) % 2001 - 1000).astype(np.float64) / 1000.0 * scale
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def fill(network, seed):
    """Weights by name in sorted order: PReLU slopes in 0..0.5, biases within 0.1, the rest within 1.7 / sqrt(inputs)."""
    state = network.state_dict()
    for place, name in enumerate(sorted(state)):
        shape = tuple(state[name].shape)
        if "prelu" in name:
            state[name] = signed(shape, seed + place, 0.25) + 0.25
        elif len(shape) == 1:
            state[name] = signed(shape, seed + place, 0.1)
        else:
            state[name] = signed(shape, seed + place, 1.7 / np.sqrt(np.prod(shape[1:])))
    network.load_state_dict(state)
    return network.eval()


def numbers(tensor):
    return [round(float(v), 7) for v in tensor.detach().reshape(-1)]


def networks(out):
    from facenet_pytorch.models.mtcnn import ONet, PNet, RNet

    result = {}
    with torch.no_grad():
        pnet = fill(PNet(pretrained=False), 100)
        result["pnet"] = []
        for height, width in [(29, 37), (26, 24), (12, 12)]:
            box, score = pnet(signed((1, height, width, 3), 7, 1.0).permute(0, 3, 1, 2))
            result["pnet"].append({"height": height, "width": width, "box": numbers(box), "score": numbers(score)})
        box, score = fill(RNet(pretrained=False), 200)(signed((3, 24, 24, 3), 8, 1.0).permute(0, 3, 1, 2))
        result["rnet"] = {"box": numbers(box), "score": numbers(score)}
        box, points, score = fill(ONet(pretrained=False), 300)(signed((2, 48, 48, 3), 9, 1.0).permute(0, 3, 1, 2))
        result["onet"] = {"box": numbers(box), "score": numbers(score), "landmarks": numbers(points)}
    Path(out).write_text(json.dumps(result, separators=(",", ":")) + "\n")


def resize(out):
    result = {"bilinear": [], "area": []}
    for seed, (height, width, to) in enumerate([(40, 30, 12), (9, 23, 16), (31, 31, 31), (200, 7, 10), (1, 1, 4), (61, 53, 20)]):
        picture = (noise(height * width * 3, 40 + seed) & np.uint64(255)).astype(np.uint8).reshape(height, width, 3)
        pixels = np.asarray(Image.fromarray(picture).resize((to, to), Image.BILINEAR))
        result["bilinear"].append({"height": height, "width": width, "side": to, "seed": 40 + seed, "pixels": pixels.reshape(-1).tolist()})
    for seed, (height, width, rows, columns) in enumerate([(17, 13, 5, 7), (11, 9, 24, 24), (40, 64, 13, 20)]):
        picture = (noise(height * width * 3, 60 + seed) & np.uint64(255)).astype(np.uint8).reshape(height, width, 3)
        tensor = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
        pooled = torch.nn.functional.interpolate(tensor, size=(rows, columns), mode="area")[0].permute(1, 2, 0)
        values = [round(float(v), 4) for v in pooled.reshape(-1)]
        result["area"].append({"height": height, "width": width, "rows": rows, "columns": columns, "seed": 60 + seed, "values": values})
    Path(out).write_text(json.dumps(result, separators=(",", ":")) + "\n")


def detect(mtcnn, picture):
    boxes, scores, points = mtcnn.detect(picture, landmarks=True)
    if boxes is None:
        return []
    return [
        {
            "box": [round(float(v), 4) for v in box],
            "score": round(float(score), 6),
            "landmarks": [[round(float(v), 4) for v in point] for point in five],
        }
        for box, score, five in zip(boxes, scores, points)
    ]


def pictures(out):
    import skimage
    from facenet_pytorch import MTCNN

    folder = Path(skimage.__file__).parent / "data"
    result = []
    for name in ["astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg"]:
        picture = Image.open(folder / name).convert("RGB")
        for min_face in [20, 40, 80]:
            result.append({"file": name, "min_face": min_face, "faces": detect(MTCNN(min_face_size=min_face), picture)})
    Path(out).write_text(json.dumps(result, indent=1) + "\n")


def frames(tar, folder, count=240):
    from facenet_pytorch import MTCNN

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(1)
    archive = tarfile.open(tar)
    members = sorted(m.name for m in archive.getmembers() if m.name.endswith(".jpg"))
    mtcnn = {40: MTCNN(min_face_size=40), 20: MTCNN(min_face_size=20)}
    result = []
    for index in range(int(count)):
        rng = np.random.default_rng(index)
        width, height = draw.choice([(640, 480), (480, 640), (333, 251)])
        # Coarse noise, enlarged, plus fine noise: something for the first network to reject.
        coarse = Image.fromarray(rng.integers(40, 216, (height // 40, width // 40, 3), dtype=np.uint8)).resize((width, height), Image.BICUBIC)
        frame = Image.fromarray(np.clip(np.asarray(coarse).astype(np.int16) + rng.integers(-12, 13, (height, width, 3)), 0, 255).astype(np.uint8))
        for _ in range(draw.choice([1, 1, 1, 2])):
            side = draw.randint(60, min(300, height - 10, width - 10))
            face = Image.open(io.BytesIO(archive.extractfile(draw.choice(members)).read())).convert("RGB").resize((side, side), Image.BILINEAR)
            # Some reach over the border.
            frame.paste(face, (draw.randint(-side // 5, width - side * 4 // 5), draw.randint(-side // 5, height - side * 4 // 5)))
        name = f"{index:04}.png"
        frame.save(folder / name, compress_level=1)
        min_face = 40 if index % 4 else 20
        result.append({"file": name, "min_face": min_face, "faces": detect(mtcnn[min_face], frame)})
    (folder / "frames.json").write_text(json.dumps(result) + "\n")
    print(len(result), "frames,", sum(len(f["faces"]) for f in result), "faces,", sum(not f["faces"] for f in result), "frames without")


def speed(path, repeats=20):
    from facenet_pytorch import MTCNN

    picture = Image.open(path).convert("RGB").resize((640, 480), Image.BILINEAR)
    array = np.asarray(picture)
    for threads in [1, 2]:
        torch.set_num_threads(threads)
        for min_face in [40, 20]:
            mtcnn = MTCNN(min_face_size=min_face)
            mtcnn.detect(array)
            times = []
            for _ in range(int(repeats)):
                start = time.perf_counter()
                mtcnn.detect(array)
                times.append(time.perf_counter() - start)
            print(f"facenet-pytorch {threads} threads, min_face {min_face}: median {sorted(times)[len(times) // 2] * 1000:.1f} ms, best {min(times) * 1000:.1f} ms")


if __name__ == "__main__":
    {"networks": networks, "resize": resize, "pictures": pictures, "frames": frames, "speed": speed}[sys.argv[1]](*sys.argv[2:])
