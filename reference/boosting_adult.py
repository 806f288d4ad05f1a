"""Boosted trees on Adult: ours beside LightGBM, scikit-learn and the FairGBM package (requirements-boosting.txt), same inputs, same settings.

    target/boosting-venv/bin/python reference/boosting_adult.py FOLDER-OF-ADULT [SPLITS]

Prints a table: mean over splits of accuracy, ROC AUC, log loss, differences of false positive and false negative rates and of selection
rates between the sexes on the test rows, and seconds of the fits. Split 0 is the corpus' own (adult.data, adult.test); the others cut all rows
anew, two thirds for training. Needs `cargo build --release --workspace --bins --example steps --example peers --example boosting` first.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

warnings.filterwarnings("ignore")

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXAMPLE = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "examples" / "boosting"
NAMES = ["age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship", "race", "sex",
         "capital-gain", "capital-loss", "hours-per-week", "native-country", "income"]
THREADS = 2
SETTINGS = {"trees": 100, "leaves": 31, "learning_rate": 0.1, "min_leaf_rows": 20, "min_leaf_hessian": 1e-3}
SLOWER = {**SETTINGS, "trees": 300, "learning_rate": 0.05, "leaves": 15}


def read(folder):
    train = pd.read_csv(folder / "adult.data", names=NAMES, skipinitialspace=True)
    test = pd.read_csv(folder / "adult.test", names=NAMES, skipinitialspace=True, skiprows=1)
    everything = pd.concat([train, test], ignore_index=True)
    label = everything["income"].str.startswith(">50K").to_numpy().astype(float)
    group = (everything["sex"] == "Female").to_numpy().astype(np.uint32)
    inputs = everything.drop(columns=["income", "fnlwgt", "sex"])
    inputs = pd.get_dummies(inputs, dtype=float)
    return inputs.to_numpy().astype("<f4"), label, group, len(train)


def ours(folder, train, test, runs):
    x, y, g = train
    tx, ty, tg = test
    for name, array in (("train.x.f32", x), ("train.y.f64", y), ("train.g.u32", g), ("test.x.f32", tx), ("test.y.f64", ty), ("test.g.u32", tg)):
        np.ascontiguousarray(array.astype("<" + {"f32": "f4", "f64": "f8", "u32": "u4"}[name[-3:]])).tofile(folder / name)
    (folder / "settings.json").write_text(json.dumps({"columns": x.shape[1], "runs": runs}))
    environment = {**os.environ, "RAYON_NUM_THREADS": str(THREADS)}
    done = subprocess.run([EXAMPLE, folder], env=environment, stdout=subprocess.PIPE, check=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["name"]: (np.fromfile(folder / f"{line['name']}.scores.f64"), line["seconds"]) for line in lines}


def timed(fit, predict):
    start = time.perf_counter()
    model = fit()
    return predict(model), time.perf_counter() - start


def peers(train, test):
    import lightgbm
    from fairgbm import FairGBMClassifier
    from sklearn.ensemble import HistGradientBoostingClassifier

    x, y, g = train
    tx = test[0]

    def light(settings):
        return {"n_estimators": settings["trees"], "num_leaves": settings["leaves"], "learning_rate": settings["learning_rate"],
                "min_child_samples": settings["min_leaf_rows"], "min_child_weight": settings["min_leaf_hessian"], "n_jobs": THREADS, "verbose": -1}

    found = {}
    for suffix, settings in (("", SETTINGS), (", slower", SLOWER)):
        histogram = HistGradientBoostingClassifier(
            max_iter=settings["trees"], max_leaf_nodes=settings["leaves"], learning_rate=settings["learning_rate"],
            min_samples_leaf=settings["min_leaf_rows"], early_stopping=False)
        found["scikit-learn" + suffix] = timed(lambda: histogram.fit(x, y), lambda model: model.predict_proba(tx)[:, 1])
        found["LightGBM" + suffix] = timed(lambda: lightgbm.LGBMClassifier(**light(settings)).fit(x, y), lambda model: model.predict_proba(tx)[:, 1])
        for constraint in ("FPR", "FNR", "FPR,FNR"):
            for rate in RATES:
                model = FairGBMClassifier(constraint_type=constraint, multiplier_learning_rate=rate, **light(settings))
                found[f"fairgbm {constraint} {rate}{suffix}"] = timed(lambda: model.fit(x, y, constraint_group=g), lambda model: model.predict_proba(tx)[:, 1])
    return found


RATES = (0.1, 0.01)
OURS = {"FPR": "fpr", "FNR": "fnr", "FPR,FNR": "equalized-odds"}


def runs():
    listed = []
    for suffix, settings in (("", SETTINGS), (", slower", SLOWER)):
        listed.append({"name": "ours" + suffix, "objective": "cross-entropy", "parameters": settings})
        for constraint, word in OURS.items():
            for rate in RATES:
                parameters = {**settings, "constraint": word, "multiplier_learning_rate": rate}
                listed.append({"name": f"ours {constraint} {rate}{suffix}", "objective": "fairgbm", "parameters": parameters})
        for rate in RATES:
            parameters = {**settings, "constraint": "demographic-parity", "multiplier_learning_rate": rate}
            listed.append({"name": f"ours selection {rate}{suffix}", "objective": "fairgbm", "parameters": parameters})
    return listed


def measures(scores, y, g):
    selected = scores > 0.5

    def difference(where):
        shares = [selected[where & (g == group)].mean() for group in (0, 1)]
        return abs(shares[0] - shares[1])

    everyone = np.ones_like(selected)
    return [(selected == (y > 0.5)).mean(), roc_auc_score(y, scores), log_loss(y, np.clip(scores, 1e-12, 1 - 1e-12)),
            difference(y < 0.5), difference(y > 0.5), difference(everyone), selected[y > 0.5].mean()]


def main():
    x, y, g, count = read(pathlib.Path(sys.argv[1]))
    splits = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    results = {}
    for split in range(splits):
        order = np.arange(len(y)) if split == 0 else np.random.default_rng(split).permutation(len(y))
        cut = count if split == 0 else 2 * len(y) // 3
        train, test = ((x[rows], y[rows], g[rows]) for rows in (order[:cut], order[cut:]))
        with tempfile.TemporaryDirectory() as folder:
            found = {**peers(train, test), **ours(pathlib.Path(folder), train, test, runs())}
        for name, (scores, seconds) in found.items():
            results.setdefault(name, []).append(measures(scores, test[1], test[2]) + [seconds])
        print(f"split {split} done", file=sys.stderr, flush=True)
    print("| fit | accuracy | AUC | log loss | FPR difference | FNR difference | selection difference | recall | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, rows in sorted(results.items()):
        mean = np.mean(rows, axis=0)
        print("| " + " | ".join([name] + [f"{value:.4f}" for value in mean]) + " |")


if __name__ == "__main__":
    main()
