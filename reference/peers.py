"""Measures Evenhand against the libraries users would otherwise pick, on the same data, in one run, and prints ours / theirs / ratio / target.

    python3 reference/peers.py                 everything but the 50,000,000-row stream
    python3 reference/peers.py --stream        that as well (writes and reads about 800 MB under target/)
    python3 reference/peers.py --only spdd,training
    python3 reference/peers.py --quick         few repetitions, for trying the script itself

Makes its own Python environment under target/ (PyTorch is large: 5.5 GB), builds the release binaries, writes the data under target/peers/,
measures ours, theirs and ours again, and writes docs/results/bench-peers.md, bench-peers.json and spdd-scaling.svg. AIF360 and the package
ctgan have environments of their own beside it (`requirements-rerank.txt`, `requirements-ctgan.txt`), as they want other versions.

The Rust side is the example `peers` of evenhand-metrics and the examples `steps` and `boosting` of evenhand-learn, called as `peers DATA-FOLDER NAME...`.
They print one JSON object a line, for example
{"name":"spdd_1e7","seconds_1_thread":0.4,"seconds_2_threads":0.3,"value":0.05}. Data files are raw little-endian arrays.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
VENV = ROOT / "target" / "peers-venv"
WORK = ROOT / "target" / "peers"
DATA = WORK / "data"
RESULTS = ROOT / "docs" / "results"
TUNED_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "8589934592", "MALLOC_TRIM_THRESHOLD_": "17179869184", "MALLOC_TOP_PAD_": "268435456"}
PARTS = ["rates", "intervals", "spdd", "audit", "training", "reductions", "boosting", "reranking", "synthesis", "scaling", "stream"]
THREADS = 2


def say(text):
    print(text, file=sys.stderr, flush=True)


def environment(name):
    """The Python of a pinned environment, which is made when absent or when its pins changed."""
    folder, pins = ROOT / "target" / f"{name}-venv", ROOT / "reference" / f"requirements-{name}.txt"
    stamp = folder / "pins.txt"
    if not stamp.exists() or stamp.read_text() != pins.read_text():
        say(f"making {folder.relative_to(ROOT)}" + (": PyTorch needs 5.5 GB and a minute or two" if "torch" in pins.read_text() else ""))
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", "-r", pins], check=True)
        stamp.write_text(pins.read_text())
    return folder / "bin" / "python"


def enter_environment():
    """Runs this script again with the pinned environment's Python."""
    if pathlib.Path(sys.prefix).resolve() != VENV.resolve():
        python = environment("peers")
        os.execv(python, [str(python), str(pathlib.Path(__file__).resolve()), *sys.argv[1:]])


def build():
    """Everything in one release build of the workspace: building crate by crate would compile shared dependencies again."""
    subprocess.run(["cargo", "build", "--release", "--workspace", "--bins", "--example", "peers", "--example", "steps", "--example", "reductions", "--example", "boosting",
                    "--example", "rank_list", "--example", "ctgan"], cwd=ROOT, check=True)


def rust(crate, *names, threads=THREADS):
    """The lines an example prints, by name; a name that occurs several times becomes a list."""
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    done = subprocess.run([TARGET / "release" / "examples" / {"metrics": "peers", "learn": "steps", "boosting": "boosting"}[crate], DATA, *names], env=environment, stdout=subprocess.PIPE, check=True, text=True)
    found = {}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            entry = json.loads(line)
            found.setdefault(entry["name"], []).append(entry)
    return found


def seconds(call, repeats):
    """Median wall time of a call and its last result."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


class Table:
    """Rows of the final table."""

    def __init__(self):
        self.rows = []

    def add(self, what, ours, theirs, peer, target, met, unit="s", ratio=None):
        self.rows.append({"what": what, "ours": ours, "theirs": theirs, "peer": peer, "ratio": ratio, "target": target, "met": met, "unit": unit})
        say("  " + " | ".join(self.cells(self.rows[-1])))

    @staticmethod
    def cells(row):
        def number(value):
            if value is None:
                return "-"
            if row["unit"] == "s":
                return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"
            return f"{value:.4g} {row['unit']}".strip()

        ratio = "-" if row["ratio"] is None else f"{row['ratio']:,.0f}x" if row["ratio"] >= 100 else f"{row['ratio']:.3g}x"
        met = {True: "yes", False: "no", None: ""}[row["met"]]
        return [row["what"], number(row["ours"]), number(row["theirs"]), row["peer"], ratio, row["target"], met]

    def markdown(self):
        head = ["what", "ours", "theirs", "peer", "ratio", "target", "met"]
        lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        return "\n".join(lines + ["| " + " | ".join(self.cells(row)) + " |" for row in self.rows])

    def text(self):
        rows = [["what", "ours", "theirs", "peer", "ratio", "target", "met"]] + [self.cells(row) for row in self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


# ---------------------------------------------------------------------------------------------------------------------- data


def candidates(n, groups, seed):
    """Scores that lean towards the label and a little towards the group."""
    import numpy as np

    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, n).astype(np.uint8)
    label = (rng.random(n) < 0.4).astype(np.uint8)
    score = np.clip(rng.beta(2.0, 3.0, n) + 0.15 * label + 0.03 * group, 0.0, 1.0)
    return score, label, group


def write_candidates(name, n, groups, seed):
    score, label, group = candidates(n, groups, seed)
    score.astype("<f8").tofile(DATA / f"{name}.scores.f64")
    label.tofile(DATA / f"{name}.labels.u8")
    group.tofile(DATA / f"{name}.groups.u8")
    return score, label, group


def write_csv(path, n, seed, block=1_000_000):
    """Rows `id,score,gender,label` (score of six digits), a block at a time, without formatting number by number."""
    import numpy as np

    width = len(b"00000000,0.000000,f,0\n")
    with open(path, "wb") as out:
        out.write(b"id,score,gender,label\n")
        for start in range(0, n, block):
            rows = min(block, n - start)
            score, label, group = candidates(rows, 2, [seed, start])
            page = np.empty((rows, width), np.uint8)
            page[:] = np.frombuffer(b"00000000,0.000000,f,0\n", np.uint8)
            number = np.arange(start, start + rows)
            parts = np.minimum((score * 1e6).astype(np.int64), 999_999)
            for place in range(8):
                page[:, 7 - place] = 48 + number // 10**place % 10
            for place in range(6):
                page[:, 16 - place] = 48 + parts // 10**place % 10
            page[:, 18] = np.where(group == 1, ord("m"), ord("f"))
            page[:, 20] = 48 + label
            out.write(page.tobytes())


# ------------------------------------------------------------------------------------------------------------------ the parts


def same(name, ours, theirs, tolerance=1e-9):
    """Speed of a wrong number is worth nothing: where both sides give the value, they must agree."""
    if ours is not None and abs(ours - theirs) > tolerance:
        raise SystemExit(f"{name}: ours {ours!r}, theirs {theirs!r}")


def middle(runs, key):
    return statistics.median(run[key] for run in runs if run.get(key) is not None)


def rates(table, repeats):
    import fairlearn.metrics as flm

    score, label, group = write_candidates("group_rates_1e6", 1_000_000, 4, 1)
    decision = (score > 0.5).astype(int)
    functions = {"selection_rate": flm.selection_rate, "tpr": flm.true_positive_rate, "fpr": flm.false_positive_rate}

    def theirs():
        frame = flm.MetricFrame(metrics=functions, y_true=label, y_pred=decision, sensitive_features=group)
        return frame.by_group, frame.difference()

    runs = rust("metrics", "group_rates_1e6")["group_rates_1e6"]
    peer, (_, difference) = seconds(theirs, repeats)
    runs += rust("metrics", "group_rates_1e6")["group_rates_1e6"]
    same("demographic parity difference", runs[0].get("demographic_parity_difference"), difference["selection_rate"])
    ours = middle(runs, "seconds")
    table.add("selection rate, TPR, FPR by 4 groups and their differences, 1e6 rows", ours, peer, "fairlearn MetricFrame", ">= 500x", peer / ours >= 500, ratio=peer / ours)


def intervals(table, repeats):
    import fairlearn.metrics as flm

    score, label, group = write_candidates("intervals_1e5_1000", 100_000, 4, 2)
    decision = (score > 0.5).astype(int)
    functions = {"selection_rate": flm.selection_rate, "tpr": flm.true_positive_rate, "fpr": flm.false_positive_rate}

    def theirs():
        frame = flm.MetricFrame(metrics=functions, y_true=label, y_pred=decision, sensitive_features=group, n_boot=100, ci_quantiles=[0.025, 0.975], random_state=3)
        return frame.difference_ci()

    runs = rust("metrics", "intervals_1e5_1000")["intervals_1e5_1000"]
    peer, _ = seconds(theirs, 1)
    runs += rust("metrics", "intervals_1e5_1000")["intervals_1e5_1000"]
    ours = middle(runs, "seconds")
    table.add("95 % intervals of demographic parity and equalized odds, 1e5 rows: 1000 replicates against 100", ours, peer, "fairlearn MetricFrame(n_boot=100)",
              ">= 500x", peer / ours >= 500, ratio=peer / ours)


def spdd(table, repeats):
    import numpy as np
    import scipy.stats

    rng = np.random.default_rng(4)
    x, y = rng.beta(2.0, 3.0, 6_000_000), rng.beta(2.2, 3.0, 4_000_000)
    x.astype("<f8").tofile(DATA / "spdd_1e7.x.f64")
    y.astype("<f8").tofile(DATA / "spdd_1e7.y.f64")
    runs = rust("metrics", "spdd_1e7")["spdd_1e7"]
    peer, value = seconds(lambda: scipy.stats.wasserstein_distance(x, y), repeats)
    runs += rust("metrics", "spdd_1e7")["spdd_1e7"]
    same("SPDD", runs[0].get("value"), value)
    for count in (1, 2):
        ours = middle(runs, f"seconds_{count}_thread" + "s" * (count > 1))
        table.add(f"exact SPDD of 1e7 scores (6e6 against 4e6), {count} thread{'s' * (count > 1)}", ours, peer, "scipy wasserstein_distance (1 thread)", ">= 8x",
                  peer / ours >= 8, ratio=peer / ours)


def evenhand():
    return TARGET / "release" / "evenhand"


def run_child(command, out):
    """Wall seconds and peak memory (bytes) of a child whose output goes to a file.

    A small process starts it: a child's peak is counted from the memory of the process that forks it, and this one holds the arrays.
    """
    starter = ("import json, os, subprocess, sys, time; start = time.perf_counter(); child = subprocess.Popen(sys.argv[2:], stdout=open(sys.argv[1], 'wb')); "
               "_, status, usage = os.wait4(child.pid, 0); print(json.dumps([time.perf_counter() - start, usage.ru_maxrss, os.waitstatus_to_exitcode(status)]))")
    done = subprocess.run([sys.executable, "-S", "-c", starter, out, *command], stdout=subprocess.PIPE, check=True, text=True)
    wall, kilobytes, code = json.loads(done.stdout)
    if code != 0:
        raise SystemExit(f"exit code {code}: {' '.join(map(str, command))}")
    return wall, kilobytes * 1024


def audit_command(files, *more):
    return [evenhand(), "audit", *files, "--score", "score", "--group", "gender", "--label", "label", "--json", *more]


def audit(table, repeats):
    path = WORK / "audit-1e6.csv"
    write_csv(path, 1_000_000, 5)
    walls, memory = zip(*[run_child(audit_command([path]), WORK / "audit.json") for _ in range(2 * repeats + 1)])
    wall = statistics.median(walls)
    table.add("`evenhand audit`, CSV of 1e6 rows to JSON", wall, None, "-", "< 1 s", wall < 1)
    table.add("the same, peak memory", max(memory) / 1e6, None, "-", "-", None, unit="MB")


def stream(table, repeats):
    files = []
    for part in range(5):
        path = WORK / f"stream-{part}.csv"
        if not path.exists():
            say(f"  writing {path.relative_to(ROOT)}")
            write_csv(path.with_suffix(".partial"), 10_000_000, 60 + part)
            path.with_suffix(".partial").rename(path)
        files.append(path)
    wall, memory = run_child(audit_command([WORK / "stream-*.csv"], "--stream"), WORK / "stream.json")
    table.add("`evenhand audit --stream` of 5e7 rows in 5 files, peak memory", memory / 1e6, None, "-", "<= 300 MB", memory <= 300e6, unit="MB")
    table.add("the same, wall time", wall, None, "-", "-", None)


def torch_steps(name, layers, batch, steps):
    """Median seconds of one training step in PyTorch: rows of the batch gathered, forward, BCE on the logit, backward, Adam, loss read back.

    The Rust side times its training loop, which shuffles and gathers too; so this one does. Both corpora hold 20 batches.
    """
    import torch

    torch.set_num_threads(THREADS)
    torch.manual_seed(7)
    parts = []
    for inputs, outputs in zip(layers[:-1], layers[1:]):
        parts += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    model = torch.nn.Sequential(*parts[:-1])
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    x = torch.randn(20 * batch, layers[0])
    y = (torch.rand(20 * batch, 1) < 0.4).float()
    loss_of = torch.nn.BCEWithLogitsLoss()
    times = []
    for step in range(steps + 50):
        start = time.perf_counter()
        if step % 20 == 0:
            order = torch.randperm(20 * batch)
        rows = order[step % 20 * batch : (step % 20 + 1) * batch]
        optimiser.zero_grad()
        loss = loss_of(model(x[rows]), y[rows])
        loss.backward()
        optimiser.step()
        loss.item()
        if step >= 50:
            times.append(time.perf_counter() - start)
    print(json.dumps({"name": name, "seconds": statistics.median(times)}))


def torch_gcm_steps(name, layers, batch, steps):
    """The same step with the penalty of group contribution matching (T = 2) by double backward: one pass, four cell gradients that keep
    their graph, one backward pass. Cells of equal numbers, as the Rust side draws them."""
    import torch

    torch.set_num_threads(THREADS)
    torch.manual_seed(7)
    parts = []
    for inputs, outputs in zip(layers[:-1], layers[1:]):
        parts += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    model = torch.nn.Sequential(*parts[:-1])
    weights = list(model.parameters())
    optimiser = torch.optim.Adam(weights, lr=1e-3)
    x = torch.randn(20 * batch, layers[0])
    quarter = batch // 4
    y = torch.tensor([0.0, 1.0]).repeat_interleave(quarter).repeat(2)
    times = []
    for step in range(steps + 20):
        start = time.perf_counter()
        if step % 20 == 0:
            order = torch.randperm(20 * batch)
        rows = order[step % 20 * batch : (step % 20 + 1) * batch]
        optimiser.zero_grad()
        logits = model(x[rows])[:, 0]
        losses = torch.nn.functional.binary_cross_entropy_with_logits(logits, y, reduction="none").view(4, quarter)
        sure = (torch.sigmoid(logits.detach()) * y + (1 - torch.sigmoid(logits.detach())) * (1 - y)).view(4, quarter).mean(1) ** 2
        gradients = [torch.autograd.grad(losses[cell].mean(), weights, create_graph=True) for cell in range(4)]
        penalty = sum(
            (sure[label] * one.abs() - sure[2 + label] * other.abs()).abs().sum()
            for label in (0, 1)
            for one, other in zip(gradients[label], gradients[2 + label])
        )
        loss = losses.mean() + 0.5 * penalty
        loss.backward()
        optimiser.step()
        loss.item()
        if step >= 20:
            times.append(time.perf_counter() - start)
    print(json.dumps({"name": name, "seconds": statistics.median(times)}))


def torch_interview_steps(name, batch, steps):
    """The same for the paper's video network: 30 frames of 112x112 bytes, five blocks, LSTM of two layers, head; squared error."""
    import torch

    torch.set_num_threads(THREADS)
    torch.manual_seed(7)
    nn = torch.nn

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            blocks, inputs = [], 3
            for outputs in (8, 16, 32, 64, 128):
                blocks += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
                inputs = outputs
            self.blocks = nn.Sequential(*blocks)
            self.lstm = nn.LSTM(128 * 3 * 3, 512, num_layers=2, batch_first=True)
            self.head = nn.Sequential(
                nn.Dropout(0.2), nn.Linear(512, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Dropout(0.2), nn.Linear(256, 1), nn.Sigmoid()
            )

        def forward(self, frames):
            rows, segments = frames.shape[:2]
            features = self.blocks(frames.flatten(0, 1).float() / 255).flatten(1)
            return self.head(self.lstm(features.view(rows, segments, -1))[0][:, -1])

    model = Network()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    frames = torch.randint(0, 256, (batch, 30, 3, 112, 112), dtype=torch.uint8)
    labels = torch.rand(batch, 1)
    times = []
    for step in range(steps + 3):
        start = time.perf_counter()
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(model(frames[torch.randperm(batch)]), labels)
        loss.backward()
        optimiser.step()
        loss.item()
        if step >= 3:
            times.append(time.perf_counter() - start)
    print(json.dumps({"name": name, "seconds": statistics.median(times)}))


STEPS = {
    "train_step_100_200_1_b2000": ([100, 200, 1], 2000, "training step, MLP 100-200-1, batch 2000", 1.5),
    "train_step_3x128_b256": ([100, 128, 128, 128, 1], 256, "training step, MLP 100-128-128-128-1, batch 256", 0.9),
    "train_step_120_200_200_1_b2000": ([120, 200, 200, 1], 2000, "training step, MLP 120-200-200-1, batch 2000", None),
    "train_step_120_200_200_1_b2000_gcm": ([120, 200, 200, 1], 2000, "the same with group contribution matching", 1.5),
    "train_step_interview_b8": (None, 8, "training step, video network, 30 frames of 112x112, batch 8", 1.5),
}


def training(table, repeats):
    """Rounds of ours, PyTorch with the default allocator, PyTorch with the tuned one; medians of the rounds."""
    found = {name: {"ours": [], "default malloc": [], "tuned malloc": []} for name in STEPS}
    for _ in range(max(2, repeats)):
        for name in STEPS:
            found[name]["ours"].append(rust("learn", name)[name][0]["seconds"])
            for allocator, more in (("default malloc", {}), ("tuned malloc", TUNED_MALLOC)):
                command = [sys.executable, __file__, "--torch-steps", name, "--steps", "400" if STEPS[name][0] else "12"]
                done = subprocess.run(command, env={**os.environ, **more, "OMP_NUM_THREADS": str(THREADS)}, stdout=subprocess.PIPE, check=True, text=True)
                found[name][allocator].append(json.loads(done.stdout)["seconds"])
    for name, (_, _, what, limit) in STEPS.items():
        ours = statistics.median(found[name]["ours"])
        for allocator in ("default malloc", "tuned malloc"):
            peer = statistics.median(found[name][allocator])
            # The small networks are judged against PyTorch as it comes, the large one against its tuned allocator.
            judged = allocator == ("default malloc" if STEPS[name][0] else "tuned malloc")
            table.add(f"{what}", ours, peer, f"PyTorch, 2 threads, {allocator} (ratio: ours / theirs)", f"<= {limit}x" if judged and limit else "-",
                      ours / peer <= limit if judged and limit else None, ratio=ours / peer)
    plain, matched = (statistics.median(found[f"train_step_120_200_200_1_b2000{more}"]["ours"]) for more in ("", "_gcm"))
    table.add("a GCM step against a plain step of ours", matched, plain, "ours, plain", "<= 3x", matched / plain <= 3, ratio=matched / plain)


# Columns that are numbers; all others but label, group and what is left out become one-hot columns.
ADULT = ["age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship", "race", "sex", "capital-gain", "capital-loss",
         "hours-per-week", "native-country", "income"]
ADULT_NUMBERS = ["age", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
COMPAS_NUMBERS = ["age", "juv_fel_count", "juv_misd_count", "juv_other_count", "priors_count"]


def adult(folder):
    import pandas as pd

    parts = [pd.read_csv(folder / "adult" / name, names=ADULT, skipinitialspace=True, comment="|") for name in ("adult.data", "adult.test")]
    rows = pd.concat(parts, ignore_index=True)
    label = rows["income"].str.startswith(">50K").astype(int)
    return rows[ADULT_NUMBERS], rows.drop(columns=[*ADULT_NUMBERS, "fnlwgt", "income", "sex"]), label, (rows["sex"] == "Male").astype(int)


def compas(folder):
    import pandas as pd

    rows = pd.read_csv(folder / "compas" / "compas-scores-two-years.csv")
    kept = rows["days_b_screening_arrest"].between(-30, 30) & (rows["is_recid"] != -1) & (rows["c_charge_degree"] != "O") & (rows["score_text"] != "N/A")
    rows = rows[kept & rows["race"].isin(["African-American", "Caucasian"])].reset_index(drop=True)
    return rows[COMPAS_NUMBERS], rows[["c_charge_degree", "sex"]], 1 - rows["two_year_recid"], (rows["race"] == "Caucasian").astype(int)


def reductions(table, repeats):
    """Exponentiated gradient over logistic regression: fairlearn and ours on the same five splits of Adult and COMPAS, in turn."""
    import warnings

    import fairlearn.reductions as theirs
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    if "EVENHAND_DATA" not in os.environ:
        say("  left out: EVENHAND_DATA does not name the folder that holds adult/ and compas/")
        return
    warnings.simplefilter("ignore")
    for corpus, load in (("Adult", adult), ("COMPAS", compas)):
        numbers, words, label, group = load(pathlib.Path(os.environ["EVENHAND_DATA"]))
        one_hot = pd.get_dummies(words).to_numpy(np.float32)
        for constraint, moment in (("demographic-parity", theirs.DemographicParity), ("equalized-odds", theirs.EqualizedOdds)):
            found = {key: [] for key in ("ours", "theirs", "error", "violation", "train error", "train violation", "error apart", "violation apart", "error from optimum", "violation from optimum")}
            for split in range(1 if repeats == 1 else 5):
                order = np.random.default_rng(split).permutation(len(label))
                train, test = order[: len(order) * 4 // 5], order[len(order) * 4 // 5 :]
                mean, deviation = numbers.iloc[train].mean(), numbers.iloc[train].std()
                features = np.hstack([((numbers - mean) / deviation).to_numpy(np.float32), one_hot])
                name = f"reductions_{corpus.lower()}_{split}"
                for part, rows in (("train", train), ("test", test)):
                    features[rows].tofile(DATA / f"{name}.{part}.features.f32")
                    label.iloc[rows].to_numpy(np.uint8).tofile(DATA / f"{name}.{part}.labels.u8")
                    group.iloc[rows].to_numpy(np.uint8).tofile(DATA / f"{name}.{part}.groups.u8")
                inputs = features.astype(np.float64)
                y, a = label.to_numpy(), group.to_numpy()

                method = theirs.ExponentiatedGradient(LogisticRegression(max_iter=1000), moment())
                with threadpool_limits(THREADS):
                    start = time.perf_counter()
                    method.fit(inputs[train], y[train], sensitive_features=a[train])
                    found["theirs"].append(time.perf_counter() - start)
                # scikit-learn's usual tolerance stops short of the optimum, which is enough for another path of rounds; ours goes to the optimum.
                optimal = theirs.ExponentiatedGradient(LogisticRegression(max_iter=100_000, tol=1e-10), moment())
                with threadpool_limits(THREADS):
                    optimal.fit(inputs[train], y[train], sensitive_features=a[train])
                environment = {**os.environ, "RAYON_NUM_THREADS": str(THREADS)}
                command = [TARGET / "release" / "examples" / "reductions", DATA, constraint, name]
                done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
                found["ours"].append(json.loads(done.stdout)["seconds"])

                sides = {}
                for part, rows in (("train", train), ("test", test)):
                    judge = moment()
                    judge.load_data(inputs[rows], pd.Series(y[rows]), sensitive_features=pd.Series(a[rows]))
                    for side, scores in (("theirs", method._pmf_predict(inputs[rows])[:, 1]), ("theirs optimal", optimal._pmf_predict(inputs[rows])[:, 1]), ("ours", np.fromfile(DATA / f"{name}.{part}.scores.f64"))):
                        sides[part, side] = float(np.abs(scores - y[rows]).mean()), float(judge.gamma(lambda _: scores).max())
                say(f"  {corpus} {constraint} split {split}: ours {found['ours'][-1]:.3f} s, fairlearn {found['theirs'][-1]:.3f} s; (error, violation) "
                    + ", ".join(f"{part} {side} ({error:.4f}, {violation:.4f})" for (part, side), (error, violation) in sides.items()))
                for part in ("train", "test"):
                    (error, violation), (their_error, their_violation) = sides[part, "ours"], sides[part, "theirs"]
                    found["error apart"].append(abs(error - their_error))
                    found["violation apart"].append(abs(violation - their_violation))
                    found["error from optimum"].append(abs(error - sides[part, "theirs optimal"][0]))
                    found["violation from optimum"].append(abs(violation - sides[part, "theirs optimal"][1]))
            ours, peer = statistics.median(found["ours"]), statistics.median(found["theirs"])
            what = f"exponentiated gradient, {corpus}, {constraint}, logistic regression, median of {len(found['ours'])} splits"
            table.add(what, ours, peer, "fairlearn, 2 threads", ">= 10x", peer / ours >= 10)
            for kind, tolerance in (("apart", "usual tolerance"), ("from optimum", "tolerance 1e-10")):
                peer = f"fairlearn, base learner's {tolerance}"
                for what, limit in (("error", 0.005), ("violation", 0.01)):
                    largest = max(found[f"{what} {kind}"])
                    table.add(f"the same, largest difference of {what}s (train, test)", largest, None, peer, f"<= {limit}", largest <= limit, unit="")


def boosting(table, repeats):
    """100 trees of 31 leaves on 32,561 rows made to the shape of Adult (five numbers, seven one-hot categories), fit alone."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(9)
    rows, train = 48_842, 32_561
    numbers = np.column_stack([rng.integers(17, 91, rows), rng.integers(1, 17, rows), rng.integers(1, 100, rows),
                               np.where(rng.random(rows) < 0.08, rng.integers(100, 100_000, rows), 0), np.where(rng.random(rows) < 0.05, rng.integers(100, 4000, rows), 0)])
    codes = [rng.geometric(0.3, rows) % levels for levels in (9, 16, 7, 15, 6, 5, 42)]
    x = np.column_stack([numbers] + [np.eye(int(code.max()) + 1)[code] for code in codes]).astype("<f4")
    signal = 0.04 * (numbers[:, 0] - 40) + 0.3 * numbers[:, 1] + (numbers[:, 3] > 5000) * 3 - (codes[2] > 1) * 1.5 + (codes[3] == 4) * 0.7
    y = (signal + rng.logistic(size=rows) > 4.2).astype(float)
    g = rng.integers(0, 2, rows).astype("<u4")
    for name, part in (("train", slice(0, train)), ("test", slice(train, rows))):
        x[part].tofile(DATA / f"{name}.x.f32")
        y[part].astype("<f8").tofile(DATA / f"{name}.y.f64")
        g[part].tofile(DATA / f"{name}.g.u32")
    (DATA / "settings.json").write_text(json.dumps({"columns": x.shape[1], "runs": [{"name": "boosting", "objective": "cross-entropy", "parameters": {}}]}))
    model = HistGradientBoostingClassifier(max_iter=100, early_stopping=False)
    runs, peers = [], []
    for _ in range(max(3, repeats)):
        runs += rust("boosting", "boosting")["boosting"]
        peers.append(seconds(lambda: model.fit(x[:train], y[:train]), 1)[0])
    scores = np.fromfile(DATA / "boosting.scores.f64")
    same("ROC AUC of boosted trees", roc_auc_score(y[train:], scores), roc_auc_score(y[train:], model.predict_proba(x[train:])[:, 1]), 0.002)
    ours, peer = middle(runs, "seconds"), statistics.median(peers)
    table.add(f"100 boosted trees of 31 leaves, {train} rows, {x.shape[1]} columns", ours, peer, "scikit-learn HistGradientBoostingClassifier", "-", None, ratio=peer / ours)


def reranking(table, repeats):
    """DetConstSort over two groups, both on the same list in one run: AIF360's Constrained, its only method that ranks rightly, and ours."""
    command = [environment("rerank"), ROOT / "reference" / "rerank.py", "--time", "--repeats", str(repeats)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    for line in done.stdout.splitlines():
        row = json.loads(line)
        what = f"DetConstSort, first {row['length']:,} of {row['size']:,} candidates, 2 groups; the orders are equal"
        table.add(what, row["ours"], row["theirs"], "AIF360 DeterministicReranking, Constrained", ">= 100x", row["theirs"] >= 100 * row["ours"], ratio=row["theirs"] / row["ours"])


def synthesis(table, repeats):
    """Three epochs of CTGAN on the rows of Adult that `efficacy.py` learns from, in turn: the package ctgan and ours, each on two threads."""
    if "EVENHAND_DATA" not in os.environ:
        say("  left out: EVENHAND_DATA does not name the folder that holds adult/")
        return
    python, script, folder = environment("ctgan"), ROOT / "reference" / "efficacy.py", WORK / "ctgan"
    subprocess.run([python, script, "split", pathlib.Path(os.environ["EVENHAND_DATA"]) / "adult" / "adult.data", folder], check=True)
    example = TARGET / "release" / "examples" / "ctgan"
    found = {side: [] for side in ("ours", "ours, epochs", "theirs", "theirs, epochs")}
    for turn in range(repeats):
        environ = {**os.environ, "RAYON_NUM_THREADS": str(THREADS)}
        done = subprocess.run([example, folder / "train.csv", folder / "ours.csv", "100", str(turn), "epochs=3"], env=environ, stdout=subprocess.PIPE, check=True, text=True)
        lines = done.stdout.splitlines()
        # Seconds since the start, at the end of each epoch; the first comes after the modes of the columns.
        ends = [float(line.split()[-2]) for line in lines if line.startswith("epoch")]
        found["ours, epochs"].append(ends[2] - ends[0])
        found["ours"].append(next(float(line.split()[1]) for line in lines if line.startswith("fit:")))
        done = subprocess.run([python, script, "time", folder, str(turn), "3"], stdout=subprocess.PIPE, check=True, text=True)
        row = json.loads(done.stdout)
        found["theirs"].append(row["fit"])
        found["theirs, epochs"].append(row["ends"][2] - row["ends"][0])
        say("  " + ", ".join(f"{side} {times[-1]:.2f} s" for side, times in found.items()))
    for what, side in (("two epochs of CTGAN", ", epochs"), ("CTGAN, whole fit of 3 epochs with the modes of the columns", "")):
        ours, theirs = (statistics.median(found[who + side]) for who in ("ours", "theirs"))
        table.add(f"{what}, 22,561 rows of Adult, batches of 500 (ratio: ours / theirs)", ours, theirs, "ctgan, PyTorch on 2 threads", "<= 0.5x", ours <= 0.5 * theirs, ratio=ours / theirs)


def scaling(table, repeats):
    import numpy as np
    import scipy.stats

    rows = [{"n": int(row["n"]), "seconds": row["seconds"]} for row in rust("metrics", "spdd_scaling")["spdd_scaling"]]
    peers = []
    rng = np.random.default_rng(8)
    for n in (100_000, 1_000_000, 10_000_000):
        x, y = rng.beta(2.0, 3.0, n // 2), rng.beta(2.2, 3.0, n - n // 2)
        peers.append({"n": n, "seconds": seconds(lambda: scipy.stats.wasserstein_distance(x, y), 3 if n < 1e6 else 1)[0]})
    first, last = rows[0], rows[-1]
    slope = np.log(last["seconds"] / first["seconds"]) / np.log(last["n"] / first["n"])
    table.add(f"SPDD from {first['n']:.0e} to {last['n']:.0e} scores, slope on log axes", float(slope), None, "-", "near 1", None, unit="")
    plot(rows, peers)
    return {"ours": rows, "scipy": peers, "slope": float(slope)}


def plot(rows, peers):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "evenhand", "svg.fonttype": "none", "font.size": 10})
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4))
    axes.loglog([row["n"] for row in peers], [row["seconds"] for row in peers], "s--", color="#777777", label="scipy wasserstein_distance")
    axes.loglog([row["n"] for row in rows], [row["seconds"] for row in rows], "o-", color="#1b6ca8", label="Evenhand, exact SPDD")
    base = rows[0]
    axes.loglog([base["n"], rows[-1]["n"]], [base["seconds"], base["seconds"] * rows[-1]["n"] / base["n"]], ":", color="#1b6ca8", label="linear")
    axes.set(xlabel="scores", ylabel="seconds", title="Cost of the exact distance between two groups' scores")
    axes.grid(True, which="major", color="#dddddd")
    axes.legend()
    figure.tight_layout()
    figure.savefig(RESULTS / "spdd-scaling.svg", metadata={"Date": None})


# ----------------------------------------------------------------------------------------------------------------------- main


def write_results(table, curves, chosen):
    from importlib.metadata import version

    versions = {name: version(name) for name in ("fairlearn", "scipy", "numpy", "pandas", "torch")}
    rustc = subprocess.run(["rustc", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[1]
    lines = ["# Against the libraries users would otherwise pick", "",
             f"Written by `just bench-peers`. Medians, both sides on the same data in one run on {os.cpu_count()} cores ({platform.machine()}), rustc {rustc}, "
             f"Python {platform.python_version()}, " + ", ".join(f"{name} {number}" for name, number in versions.items()) + ".",
             "A ratio is theirs / ours unless it says otherwise.", "", table.markdown(), ""]
    if curves:
        lines += ["## SPDD by number of scores", "", "![seconds by number of scores](spdd-scaling.svg)", "", "| scores | ours | scipy |", "|---|---|---|"]
        theirs = {row["n"]: row["seconds"] for row in curves["scipy"]}
        own = {row["n"]: row["seconds"] for row in curves["ours"]}
        for n in sorted(set(theirs) | set(own)):
            cell = [f"{side[n]:.4f} s" if n in side else "-" for side in (own, theirs)]
            lines.append(f"| {n:,} | {cell[0]} | {cell[1]} |")
        lines.append("")
    (RESULTS / "bench-peers.md").write_text("\n".join(lines))
    (RESULTS / "bench-peers.json").write_text(json.dumps({"versions": versions, "rustc": rustc, "parts": chosen, "rows": table.rows, "spdd_scaling": curves}, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="parts, with commas: " + ", ".join(PARTS))
    parser.add_argument("--stream", action="store_true", help="also the stream of 50,000,000 rows")
    parser.add_argument("--quick", action="store_true", help="few repetitions; writes no results")
    parser.add_argument("--no-build", action="store_true", help="take the release binaries as they are")
    parser.add_argument("--torch-steps", help=argparse.SUPPRESS)
    parser.add_argument("--steps", type=int, default=400, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    enter_environment()
    if arguments.torch_steps:
        layers, batch, _, _ = STEPS[arguments.torch_steps]
        if layers is None:
            return torch_interview_steps(arguments.torch_steps, batch, arguments.steps)
        if arguments.torch_steps.endswith("_gcm"):
            return torch_gcm_steps(arguments.torch_steps, layers, batch, arguments.steps // 4)
        return torch_steps(arguments.torch_steps, layers, batch, arguments.steps)

    chosen = arguments.only.split(",") if arguments.only else [part for part in PARTS if part != "stream" or arguments.stream]
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        raise SystemExit(f"unknown part {unknown[0]!r}; the parts are {', '.join(PARTS)}")
    DATA.mkdir(parents=True, exist_ok=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    if not arguments.no_build:
        build()
    table, curves = Table(), None
    for part in chosen:
        say(part)
        result = globals()[part](table, 1 if arguments.quick else 3)
        curves = result or curves
    print(table.text())
    if not arguments.quick and not arguments.only:
        write_results(table, curves, chosen)


if __name__ == "__main__":
    main()
