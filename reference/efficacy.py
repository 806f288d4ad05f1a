"""How well four classifiers do on real rows of Adult after learning from generated ones. By hand, beside the example `ctgan`.

    efficacy.py split ADULT_DATA FOLDER            train.csv (22,561 rows) and test.csv (10,000) of adult.data, a fixed permutation
    efficacy.py peer FOLDER SEED [EPOCHS]          rows made by the Python package `ctgan` from train.csv: peer-SEED.csv
    efficacy.py time FOLDER SEED EPOCHS            the seconds of its fit, and those at the end of every epoch, as JSON; makes no rows
    efficacy.py score FOLDER FILE [FILE ...]       accuracy and F1 (>50K) of each classifier on test.csv, and their means;
                                                   exact copies of rows of train.csv among the generated ones

Classifiers of scikit-learn: AdaBoost of 50, a decision tree of depth 20, logistic regression, a network of 50. Two settings are shown:
`plain` is the library's, `balanced` weighs the classes for the tree and the regression, as the benchmark of Xu et al. 2019 does (SDGym,
`evaluate.py`, where the tree has depth 15 and the regression 50 iterations).
Features: numbers standardised, categories one-hot, both fitted on the rows that are learned from.
"""

import json
import sys
import time
import pathlib
import warnings

import numpy as np
import pandas as pd

NAMES = [
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship", "race", "sex",
    "capital-gain", "capital-loss", "hours-per-week", "native-country", "income",
]  # fmt: skip
NUMBERS = ["age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
CATEGORIES = [name for name in NAMES if name not in NUMBERS]
TEST = 10_000


def split(source, folder):
    rows = pd.read_csv(source, names=NAMES, skipinitialspace=True, keep_default_na=False)
    order = np.random.default_rng(20191028).permutation(len(rows))
    folder.mkdir(parents=True, exist_ok=True)
    rows.iloc[order[:TEST]].to_csv(folder / "test.csv", index=False)
    rows.iloc[order[TEST:]].to_csv(folder / "train.csv", index=False)


def package(seed, epochs, told=None):
    # Beside this script lies another ctgan.py.
    sys.path.remove(str(pathlib.Path(__file__).resolve().parent))
    import torch
    from ctgan import CTGAN
    from ctgan.synthesizers import ctgan as module

    warnings.simplefilter("ignore")

    torch.set_num_threads(2)
    torch.manual_seed(seed)
    np.random.seed(seed)
    if told:
        # The package tells nobody of its epochs but a progress bar.
        def bar(epochs, **_):
            for epoch in epochs:
                yield epoch
                told()

        module.tqdm = bar
    return CTGAN(epochs=epochs)


def peer(folder, seed, epochs=300):
    rows = read(folder / "train.csv")
    model = package(seed, epochs)
    start = time.perf_counter()
    model.fit(rows, CATEGORIES)
    print(f"fit: {epochs} epochs in {time.perf_counter() - start:.1f} s")
    model.sample(len(rows)).to_csv(folder / f"peer-{seed}.csv", index=False)


def seconds(folder, seed, epochs):
    rows = read(folder / "train.csv")
    ends = []
    model = package(seed, epochs, lambda: ends.append(time.perf_counter() - start))
    start = time.perf_counter()
    model.fit(rows, CATEGORIES)
    print(json.dumps({"fit": time.perf_counter() - start, "ends": ends}))


def read(path):
    return pd.read_csv(path, skipinitialspace=True, keep_default_na=False)


def score(folder, paths):
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import AdaBoostClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, f1_score
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    warnings.simplefilter("ignore")
    train, test = read(folder / "train.csv"), read(folder / "test.csv")
    real = set(train[NAMES].astype(str).itertuples(index=False, name=None))
    truth = (test["income"] == ">50K").astype(int)
    features = NUMBERS + CATEGORIES[:-1]

    def models(weight):
        return {
            "adaboost": AdaBoostClassifier(n_estimators=50, random_state=0),
            "tree": DecisionTreeClassifier(max_depth=20, class_weight=weight, random_state=0),
            "logistic": LogisticRegression(max_iter=1000, class_weight=weight),
            "mlp": MLPClassifier((50,), max_iter=50, random_state=0),
        }

    means = {"plain": [], "balanced": []}
    for path in paths:
        rows = read(path)[NAMES]
        copies = sum(row in real for row in rows.astype(str).itertuples(index=False, name=None))
        target = (rows["income"] == ">50K").astype(int)
        print(f"{path}: {len(rows)} rows, {copies} exact copies of training rows, share >50K {target.mean():.3f}")
        done = {}
        for setting, weight in [("plain", None), ("balanced", "balanced")]:
            results = []
            for name, model in models(weight).items():
                if setting == "balanced" and name in done:
                    results.append(done[name])
                    continue
                encode = ColumnTransformer([
                    ("numbers", StandardScaler(), NUMBERS),
                    ("categories", OneHotEncoder(handle_unknown="ignore"), CATEGORIES[:-1]),
                ])
                fitted = make_pipeline(encode, model).fit(rows[features], target)
                guess = fitted.predict(test[features])
                result = (accuracy_score(truth, guess), f1_score(truth, guess))
                if name in ("adaboost", "mlp"):
                    done[name] = result
                results.append(result)
                print(f"  {setting:9}{name:9} accuracy {result[0]:.4f}  F1 {result[1]:.4f}", flush=True)
            means[setting].append(np.mean(results, axis=0))
            print(f"  {setting:9}mean      accuracy {means[setting][-1][0]:.4f}  F1 {means[setting][-1][1]:.4f}", flush=True)
    for setting, rows in means.items():
        middle = np.mean(rows, axis=0)
        print(f"{setting}: mean of {len(rows)} files: accuracy {middle[0]:.4f}  F1 {middle[1]:.4f}")


def main():
    command, *given = sys.argv[1:]
    if command == "split":
        split(given[0], pathlib.Path(given[1]))
    elif command == "peer":
        peer(pathlib.Path(given[0]), *map(int, given[1:]))
    elif command == "time":
        seconds(pathlib.Path(given[0]), *map(int, given[1:]))
    else:
        score(pathlib.Path(given[0]), given[1:])


main()
