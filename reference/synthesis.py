"""Expected values for the quality of synthetic tables (crates/rebalance/src/quality/).

Marginal and pairwise similarities come from sdmetrics; distances to training rows from its `calculate_dcr`, distances to hold-out rows from
numpy, with the training rows' ranges. Missing values are null.

    python reference/synthesis.py > reference/synthesis.json
"""

import json
import sys
import warnings

import numpy as np
import pandas as pd
import sdmetrics
from sdmetrics.column_pairs import ContingencySimilarity, CorrelationSimilarity
from sdmetrics.single_column import KSComplement, TVComplement
from sdmetrics.single_table.privacy.dcr_utils import calculate_dcr

warnings.filterwarnings("ignore")
assert sdmetrics.__version__ == "0.32.0", sdmetrics.__version__

NUMBERS = ["age", "pay"]
CATEGORIES = ["gender", "degree"]
METADATA = {
    "columns": {name: {"sdtype": "numerical"} for name in NUMBERS} | {name: {"sdtype": "categorical"} for name in CATEGORIES}
}


def table(rng, rows, shift):
    gender = rng.choice(["f", "m", "x"], rows, p=[0.4 + shift, 0.5 - shift, 0.1])
    age = np.round(35 + 8 * rng.normal(size=rows) + 5 * shift)
    pay = np.round(30 + 0.5 * age + 4 * (gender == "m") + 5 * rng.normal(size=rows), 2)
    degree = np.where(rng.random(rows) < 0.5 + 0.01 * (age - 35), "master", "bachelor").astype(object)
    degree[rng.random(rows) < 0.1] = None
    pay[rng.random(rows) < 0.15] = np.nan
    return pd.DataFrame({"age": age, "pay": pay, "gender": gender, "degree": degree})


def distances(rows, reference, training):
    best = np.full(len(rows), np.inf)
    for _, other in reference.iterrows():
        total = np.zeros(len(rows))
        for name in NUMBERS:
            span = training[name].max() - training[name].min()
            own = rows[name].to_numpy(float)
            gap = np.minimum(np.abs(own - other[name]) / span, 1)
            gap = np.where(np.isnan(own) & np.isnan(other[name]), 0, np.where(np.isnan(own) ^ np.isnan(other[name]), 1, gap))
            total += gap
        for name in CATEGORIES:
            own = rows[name].to_numpy(object)
            total += np.array([0 if (a is None and other[name] is None) or a == other[name] else 1 for a in own])
        best = np.minimum(best, total / 4)
    return best


def column(series):
    return [None if pd.isna(value) else value for value in series]


def main():
    rng = np.random.default_rng(11)
    training, holdout = table(rng, 80, 0.0), table(rng, 40, 0.0)
    synthetic = table(rng, 60, 0.15)
    # A few copies, so that nearness to the training rows shows.
    synthetic.iloc[:7] = training.iloc[5:12].to_numpy()
    synthetic = synthetic.astype({"age": float, "pay": float})
    single = {name: KSComplement.compute(training[name], synthetic[name]) for name in NUMBERS}
    single |= {name: TVComplement.compute(training[name], synthetic[name]) for name in CATEGORIES}
    names = NUMBERS + CATEGORIES
    pairs = {}
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            left, right = training[[one, other]].copy(), synthetic[[one, other]].copy()
            if one in NUMBERS and other in NUMBERS:
                pairs[f"{one}|{other}"] = CorrelationSimilarity.compute(left, right)
            else:
                continuous = [name for name in (one, other) if name in NUMBERS]
                # None and NaN must be one level.
                left, right = left.fillna("missing") if not continuous else left, right.fillna("missing") if not continuous else right
                pairs[f"{one}|{other}"] = ContingencySimilarity.compute(left, right, continuous_column_names=continuous or None)
    to_training = distances(synthetic, training, training)
    theirs = calculate_dcr(synthetic, training, METADATA).to_numpy()
    assert np.abs(theirs - to_training).max() < 1e-12
    to_holdout, between = distances(synthetic, holdout, training), distances(holdout, training, training)
    apart = np.abs(to_training - to_holdout) >= 1e-6
    out = {
        "tables": {
            key: {name: column(found[name]) for name in names}
            for key, found in (("training", training), ("holdout", holdout), ("synthetic", synthetic))
        },
        "single": single,
        "missing": {name: 1 - abs(training[name].isna().mean() - synthetic[name].isna().mean()) for name in names},
        "pairs": pairs,
        "copies": int((to_training == 0).sum()),
        "closer_to_training": int((apart & (to_training < to_holdout)).sum()),
        "closer_to_holdout": int((apart & (to_training > to_holdout)).sum()),
        "quantiles": {
            key: [float(np.quantile(found, p)) for p in (0.05, 0.5)]
            for key, found in (("synthetic_to_training", to_training), ("synthetic_to_holdout", to_holdout), ("holdout_to_training", between))
        },
    }
    json.dump(out, sys.stdout, indent=None, separators=(",", ":"))
    print()


main()
