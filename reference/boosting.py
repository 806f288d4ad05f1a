"""Expected values of boosted trees: writes boosting.json with LightGBM and FairGBM (requirements-boosting.txt).

Inputs are whole numbers of few values, so that every value is a bin of its own in either library and trees must agree to rounding. The
libraries estimate the rows of a leaf from its second derivatives; so leaves are limited by these alone (min_sum_hessian_in_leaf). A least gain is
left out, and many leaves with l2: a column that has no split of enough gain in a node is not tried again below it in these libraries, which
saves time and loses splits. Ours tries it, as the exhaustive search of its tests does.
"""

import json
import pathlib

import fairgbm
import lightgbm
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
COMMON = {
    "max_bin": 255, "min_data_in_bin": 1, "enable_bundle": False, "feature_pre_filter": False, "num_threads": 1, "verbose": -1,
    "min_data_in_leaf": 0, "force_col_wise": True, "deterministic": True,
}


def corpus(seed, rows, missing=False):
    rng = np.random.default_rng(seed)
    columns = [rng.integers(0, 9, rows), rng.integers(-5, 20, rows), rng.integers(0, 3, rows), rng.integers(0, 2, rows), rng.integers(0, 60, rows)]
    x = np.column_stack(columns).astype(float)
    group = (rng.random(rows) < 0.4).astype(int)
    signal = 0.3 * x[:, 0] - 0.1 * x[:, 1] + 0.8 * (x[:, 2] == 1) + 0.02 * x[:, 4] + 0.9 * group
    x[:, 3] = np.where(rng.random(rows) < 0.8, group, x[:, 3])
    label = (signal + rng.normal(0, 0.8, rows) > np.median(signal)).astype(int)
    if missing:
        x[:, 1] = np.where(rng.random(rows) < 0.15 + 0.2 * label, np.nan, x[:, 1])
    return x, label, group


def case(name, x, label, group, weights, settings, more, scores):
    return {
        "name": name,
        "features": [[None if np.isnan(value) else int(value) for value in row] for row in x],
        "labels": label.tolist(), "groups": group.tolist(), "weights": weights,
        "settings": settings, **more,
        "logits": [float(value) for value in scores],
    }


def parameters(settings):
    return {
        **COMMON, "num_leaves": settings["leaves"], "max_depth": settings["depth"] or -1, "learning_rate": settings["learning_rate"],
        "min_sum_hessian_in_leaf": settings["min_leaf_hessian"], "lambda_l2": settings["l2"], "min_gain_to_split": settings["min_gain"],
    }


def plain(name, seed, settings, missing=False, weighted=False):
    x, label, group = corpus(seed, 400, missing)
    # Mean 1, as ours are scaled.
    weights = np.tile([0.5, 1.5, 1.25, 0.75], 100) if weighted else None
    data = lightgbm.Dataset(x, label=label, weight=weights)
    model = lightgbm.train({**parameters(settings), "objective": "binary"}, data, settings["trees"])
    return case(name, x, label, group, None if weights is None else weights.tolist(), settings, {}, model.predict(x, raw_score=True))


def fair(name, seed, settings, constraint, rate, fpr_tolerance=0.01, fnr_tolerance=0.01, threshold=0.5, margin=1.0):
    x, label, group = corpus(seed, 400)
    given = {
        "objective": "constrained_cross_entropy", "constraint_type": constraint, "multiplier_learning_rate": rate,
        "constraint_fpr_tolerance": fpr_tolerance, "constraint_fnr_tolerance": fnr_tolerance, "score_threshold": threshold,
        "stepwise_proxy_margin": margin, "constraint_stepwise_proxy": "cross_entropy",
    }
    data = fairgbm.Dataset(x, label=label, constraint_group=group)
    model = fairgbm.train({**parameters(settings), **given}, data, settings["trees"])
    more = {
        "constraint": {"FPR": "fpr", "FNR": "fnr", "FPR,FNR": "equalized-odds"}[constraint], "multiplier_learning_rate": rate,
        "fpr_tolerance": fpr_tolerance, "fnr_tolerance": fnr_tolerance, "score_threshold": threshold, "proxy_margin": margin,
    }
    return case(name, x, label, group, None, settings, more, model.predict(x, raw_score=True))


def main():
    settings = {"trees": 12, "learning_rate": 0.2, "leaves": 8, "depth": 0, "min_leaf_hessian": 2.0, "l2": 1.0, "min_gain": 0.0}
    cases = [
        plain("plain", 1, settings),
        plain("shallow, without l2", 2, {**settings, "depth": 3, "leaves": 6, "l2": 0.0, "min_leaf_hessian": 4.0}),
        plain("many leaves, without l2", 3, {**settings, "leaves": 31, "l2": 0.0}),
        plain("missing values", 4, settings, missing=True),
        plain("weights", 5, settings, weighted=True),
    ]
    constrained = [
        fair("false positives", 6, settings, "FPR", 0.5),
        fair("false negatives", 7, settings, "FNR", 0.5),
        fair("both", 8, {**settings, "trees": 30}, "FPR,FNR", 0.3, 0.02, 0.05),
        fair("another threshold and margin", 9, settings, "FPR,FNR", 0.5, threshold=0.4, margin=0.5),
        fair("no ascent", 10, settings, "FPR,FNR", 0.0),
    ]
    found = {"libraries": {"lightgbm": lightgbm.__version__, "fairgbm": fairgbm.__version__, "numpy": np.__version__}, "plain": cases, "constrained": constrained}
    text = json.dumps(found, separators=(",", ":")) + "\n"
    (HERE / "boosting.json").write_text(text)
    print(len(text), "bytes")


if __name__ == "__main__":
    main()
