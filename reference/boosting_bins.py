"""Expected values of boosted trees on numbers of many values: writes boosting_bins.json with scikit-learn (requirements-peers.txt).

Quantile bins, rows a leaf and missing values: what boosting.py leaves out. Logits are those of rows that no tree was grown on, so that the cuts
themselves are compared; with missing values those of the rows they were grown on, as scikit-learn then looks through the cuts from above and of
equal ones takes another.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier

HERE = pathlib.Path(__file__).resolve().parent


def main():
    cases = []
    for seed, settings, missing in (
        (1, {"trees": 10, "learning_rate": 0.2, "leaves": 8, "depth": 0, "min_leaf_rows": 20, "l2": 0.0, "bins": 16}, False),
        (2, {"trees": 10, "learning_rate": 0.2, "leaves": 31, "depth": 3, "min_leaf_rows": 7, "l2": 2.0, "bins": 37}, False),
        (3, {"trees": 10, "learning_rate": 0.2, "leaves": 8, "depth": 0, "min_leaf_rows": 20, "l2": 0.0, "bins": 255}, True),
    ):
        rng = np.random.default_rng(seed)
        x = np.round(rng.normal(size=(900, 3)), 3).astype(np.float32)
        x[:, 2] = np.maximum(x[:, 2], 0.5)
        y = (x[:, 0] + np.sin(3 * x[:, 1]) + x[:, 2] + rng.normal(0, 0.5, 900) > 1).astype(int)
        if missing:
            x[:, 1] = np.where(rng.random(900) < 0.1 + 0.2 * y, np.nan, x[:, 1])
        model = HistGradientBoostingClassifier(
            max_iter=settings["trees"], learning_rate=settings["learning_rate"], max_leaf_nodes=settings["leaves"], max_depth=settings["depth"] or None,
            min_samples_leaf=settings["min_leaf_rows"], l2_regularization=settings["l2"], max_bins=settings["bins"], early_stopping=False)
        model.fit(x[:600], y[:600])
        judged = slice(0, 600) if missing else slice(600, 900)
        cases.append({
            "first": judged.start, "settings": settings, "labels": y[:600].tolist(),
            "features": [[None if np.isnan(value) else float(f"{value:.4g}") for value in row] for row in x],
            "logits": [float(f"{value:.9g}") for value in model.decision_function(x[judged])],
        })
    found = {"libraries": {"scikit-learn": sklearn.__version__, "numpy": np.__version__}, "cases": cases}
    text = json.dumps(found, separators=(",", ":")) + "\n"
    (HERE / "boosting_bins.json").write_text(text)
    print(len(text), "bytes")


if __name__ == "__main__":
    main()
