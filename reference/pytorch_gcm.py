"""Writes gcm.json: penalties on the gradients of cells and their own gradients, by double backward in PyTorch in double precision.

README.md in this folder describes the layout. Inputs and weights are multiples of 1/1024, hence exact in single precision. Seeds are
tried until every kink is far off: no pre-activation of a ReLU near 0, no second place near a pooling's first, no gradient entry and no
difference inside an absolute value near 0 (unless it is 0 throughout, as at a unit that is off for a whole cell).
"""

import itertools
import json
import pathlib

import torch
from torch.nn import functional

HERE = pathlib.Path(__file__).parent
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

NEAR_KINK = 3e-5  # of values of size 1
NEAR_SIGN = 1e-5  # of the largest entry


class TooNear(Exception):
    """A kink lies within single precision's reach."""


def grid(tensor):
    return torch.round(tensor * 1024) / 1024


def flat(tensor):
    return tensor.detach().reshape(-1).tolist()


def off(values, scale):
    near = (values.abs() < NEAR_SIGN * scale) & (values.abs() > 1e-13)
    if bool(near.any()):
        raise TooNear


def relu(values):
    if bool((values.abs() < NEAR_KINK).any()):
        raise TooNear
    return torch.relu(values)


def pool(values):
    """2x2, and no window whose best two are both on and nearly equal."""
    best, _ = functional.unfold(values, 2, stride=2).reshape(values.shape[0], values.shape[1], 4, -1).topk(2, dim=2)
    if bool(((best[:, :, 0] - best[:, :, 1] < NEAR_KINK) & (best[:, :, 0] > 0)).any()):
        raise TooNear
    return functional.max_pool2d(values, 2)


def norm(weights, name, values, running):
    gamma, beta = weights[f"{name}.norm.gamma"], weights[f"{name}.norm.beta"]
    if running:
        return functional.batch_norm(values, weights[f"{name}.norm.mean"], weights[f"{name}.norm.variance"], gamma, beta, eps=1e-5)
    return functional.batch_norm(values, None, None, gamma, beta, training=True, eps=1e-5)


def mlp(weights, x, running=False):
    for layer in itertools.count():
        name = f"hidden.{layer}"
        if f"{name}.weight" not in weights:
            break
        x = x @ weights[f"{name}.weight"] + weights[f"{name}.bias"]
        if f"{name}.norm.gamma" in weights:
            x = norm(weights, name, x, running)
        x = relu(x)
    return x @ weights["logit.weight"] + weights["logit.bias"]


def cnn(weights, x):
    """Two blocks of convolution 3x3, batch norm, ReLU, max-pool 2x2; a linear layer. The last column of x is no pixel."""
    x = x.reshape(len(x), 1, 6, 6)
    for layer in range(2):
        x = functional.conv2d(x, weights[f"conv.{layer}.weight"], weights[f"conv.{layer}.bias"], padding=1)
        if f"conv.{layer}.norm.gamma" in weights:
            x = norm(weights, f"conv.{layer}", x, False)
        x = pool(relu(x))
    return x.reshape(len(x), -1) @ weights["logit.weight"] + weights["logit.bias"]


def perceptron(sizes, normed, outputs, generator):
    weights = {}

    def noise(*shape):
        return grid((torch.rand(*shape, generator=generator) * 2 - 1) * 1.2)

    for layer, (inputs, width) in enumerate(itertools.pairwise(sizes)):
        weights[f"hidden.{layer}.weight"] = noise(inputs, width)
        weights[f"hidden.{layer}.bias"] = noise(width) / 2
        if normed:
            weights[f"hidden.{layer}.norm.gamma"] = 1 + noise(width) / 2
            weights[f"hidden.{layer}.norm.beta"] = noise(width) / 2
            weights[f"hidden.{layer}.norm.mean"] = noise(width) / 4
            weights[f"hidden.{layer}.norm.variance"] = 1 + noise(width) / 2
    weights["logit.weight"] = noise(sizes[-1], outputs)
    weights["logit.bias"] = noise(outputs) / 2
    return weights


def convolutions(normed, generator):
    def noise(*shape):
        return grid(torch.rand(*shape, generator=generator) * 2 - 1)

    weights = {}
    for layer, (inputs, outputs) in enumerate([(1, 3), (3, 4)]):
        weights[f"conv.{layer}.weight"] = noise(outputs, inputs, 3, 3)
        weights[f"conv.{layer}.bias"] = noise(outputs) / 2
        if normed:
            weights[f"conv.{layer}.norm.gamma"] = 1 + noise(outputs) / 2
            weights[f"conv.{layer}.norm.beta"] = noise(outputs) / 2
    weights["logit.weight"] = noise(4, 1)
    weights["logit.bias"] = noise(1)
    return weights


# ------------------------------------------------------------------------------------------------------------- penalties


def row_losses(kind, logits, labels):
    if kind == "cross-entropy":
        return functional.cross_entropy(logits, labels.long(), reduction="none")
    if kind == "mse":
        return (torch.sigmoid(logits[:, 0]) - labels) ** 2
    return functional.binary_cross_entropy_with_logits(logits[:, 0], labels, reduction="none")


def chances(kind, logits, labels):
    if kind == "cross-entropy":
        return torch.softmax(logits, 1).gather(1, labels.long()[:, None])[:, 0]
    score = torch.sigmoid(logits[:, 0])
    return torch.where(labels >= 0.5, score, 1 - score)


def penalty(case, names, leaves, logits, settings):
    labels, groups, rows = case["labels"], case["groups"], case["row_weights"]
    losses, sure = row_losses(case["loss"], logits, labels), chances(case["loss"], logits, labels)
    levels = sorted(set(groups[groups >= 0].tolist()))
    classes = labels.long() if case["loss"] == "cross-entropy" else (labels >= 0.5).long()

    def mean(values, mask):
        return (values * rows)[mask].sum() / rows[mask].sum()

    def gradient(mask):
        return torch.autograd.grad(mean(losses, mask), leaves, create_graph=True)

    # The bias below a batch norm moves nothing: its gradient is rounding, and so would be its signs.
    idle = [f"{name.removesuffix('bias')}norm.gamma" in case["weights"] for name in names]
    chosen = [not still and (settings["layers"] == "all" or name in settings["layers"]) for name, still in zip(names, idle)]

    def entries(gradients):
        return torch.cat([g.reshape(-1) for g, take in zip(gradients, chosen) if take])

    sizes = [case["weights"][name].numel() for name, take in zip(names, chosen) if take]

    sum_ = torch.zeros(())
    if settings["objective"] == "iga":
        found = [entries(gradient(groups == level)) for level in levels]
        shares = [rows[groups == level].sum() / rows[groups >= 0].sum() for level in levels]
        whole = sum(share * g for share, g in zip(shares, found))
        for g in found:
            if settings["distance"] == "squared":
                sum_ = sum_ + ((g - whole) ** 2).sum()
            else:
                off((g - whole).detach(), g.detach().abs().max())
                sum_ = sum_ + (g - whole).abs().sum()
        return sum_
    for label in sorted(set(classes.tolist())):
        masks = [(groups == level) & (classes == label) for level in levels]
        masks = [mask for mask in masks if bool(mask.any())]
        pairs = list(itertools.combinations(masks, 2))
        for one, other in pairs:
            mine, others = entries(gradient(one)), entries(gradient(other))
            scale = torch.maximum(mine.detach().abs().max(), others.detach().abs().max())
            if settings["objective"] == "gcm":
                weights = [mean(sure, mask) ** settings["temperature"] for mask in (one, other)]
                if settings["detach"]:
                    weights = [weight.detach() for weight in weights]
                off(mine.detach(), scale)
                off(others.detach(), scale)
                difference = weights[0] * mine.abs() - weights[1] * others.abs()
                if settings.get("matched") == "arrays":
                    difference = torch.stack([part.sum() for part in difference.split(sizes)])
                off(difference.detach(), scale)
                part = difference.abs().sum()
            elif settings["distance"] == "squared":
                part = ((mine - others) ** 2).sum()
            else:
                off((mine - others).detach(), scale)
                part = (mine - others).abs().sum()
            sum_ = sum_ + part / len(pairs)
    return sum_


def term(case, settings):
    names = [name for name in case["weights"] if not name.endswith(("norm.mean", "norm.variance"))]
    leaves = [case["weights"][name].clone().requires_grad_(True) for name in names]
    weights = {**case["weights"], **dict(zip(names, leaves))}
    logits = case["network"](weights, case["features"])
    value = penalty(case, names, leaves, logits, settings)
    gradients = torch.autograd.grad(value, leaves, allow_unused=True)
    gradients = [torch.zeros_like(leaf) if g is None else g for leaf, g in zip(leaves, gradients)]
    return {**settings, "value": value.item(), "gradients": {name: flat(g) for name, g in zip(names, gradients)}}


def mixup_term(case):
    """Fair Mixup's penalty at t = 0.375 through running statistics: | mean over pairs of d score . (x_0 - x_1) |."""
    names = [name for name in case["weights"] if not name.endswith(("norm.mean", "norm.variance"))]
    leaves = [case["weights"][name].clone().requires_grad_(True) for name in names]
    weights = {**case["weights"], **dict(zip(names, leaves))}
    one, other = case["features"][case["groups"] == 0], case["features"][case["groups"] == 1]
    count = min(len(one), len(other))
    one, other = one[:count], other[:count]
    place = (0.375 * one + 0.625 * other).requires_grad_(True)
    score = torch.sigmoid(mlp(weights, place, running=True)[:, 0])
    (by_place,) = torch.autograd.grad(score.sum(), place, create_graph=True)
    value = ((by_place * (one - other)).sum(1)).mean().abs()
    gradients = torch.autograd.grad(value, leaves)
    return {"objective": "fair-mixup", "place": 0.375, "value": value.item(), "gradients": {n: flat(g) for n, g in zip(names, gradients)}}


# ----------------------------------------------------------------------------------------------------------------- cases


def settings_of(kind, first):
    if kind == "cross-entropy":
        return [{"objective": "gcm", "temperature": t, "detach": d, "layers": "all"} for t, d in [(0.0, True), (2.0, True), (2.0, False)]]
    return [
        {"objective": "gcm", "temperature": 0.0, "detach": True, "layers": "all"},
        {"objective": "gcm", "temperature": 2.0, "detach": True, "layers": "all"},
        {"objective": "gcm", "temperature": 2.0, "detach": False, "layers": "all"},
        {"objective": "gcm", "temperature": 1.5, "detach": False, "layers": [first]},
        {"objective": "gcm", "temperature": 2.0, "detach": False, "layers": "all", "matched": "arrays"},
        {"objective": "iga", "distance": "squared", "layers": "all"},
        {"objective": "iga", "distance": "absolute", "layers": "all"},
        {"objective": "direct-alignment", "distance": "absolute", "layers": "all"},
        {"objective": "direct-alignment", "distance": "squared", "layers": [first]},
    ]


def build(name, number):
    """One case at the first seed without a kink nearby."""
    for seed in range(1000 * number, 1000 * number + 900):
        generator = torch.Generator().manual_seed(seed)
        loss = {"mse": "mse", "classes": "cross-entropy"}.get(name, "bce")
        convolution = name.startswith("cnn")
        rows, columns = (40, 36) if convolution else (36, 5)
        levels, classes = (3 if name == "three-groups" else 2), (3 if name == "classes" else 2)
        labels = (torch.arange(rows) // 2 % classes).double()
        groups = torch.arange(rows) % levels if levels == 3 else (torch.rand(rows, generator=generator) < 0.4).long()
        row_weights = torch.ones(rows)
        if name == "three-groups":
            groups[7] = -1
            row_weights = 0.5 + (torch.arange(rows) % 4) / 4
        features = grid(torch.rand(rows, columns, generator=generator) * 2 - 1 + 0.4 * groups[:, None] - 0.3 * labels[:, None])
        if convolution:
            weights, network, first = convolutions(name == "cnn", generator), cnn, "conv.0.weight"
        else:
            sizes = {"one-layer": [5, 8], "classes": [5, 6]}.get(name, [5, 7, 4])
            weights, network, first = perceptron(sizes, name == "batch-norm", classes if classes > 2 else 1, generator), mlp, "hidden.0.weight"
        case = {"name": name, "loss": loss, "features": features, "labels": labels, "groups": groups, "row_weights": row_weights,
                "weights": weights, "network": network}
        try:
            terms = [term(case, settings) for settings in settings_of(loss, first)]
            if name == "batch-norm":
                terms.append(mixup_term(case))
        except TooNear:
            continue
        print(f"{name}: seed {seed}")
        return {
            "name": name, "loss": loss, "columns": columns, "features": flat(features), "labels": flat(labels),
            "groups": groups.tolist(), "row_weights": flat(row_weights),
            "weights": {key: {"shape": list(value.shape), "values": flat(value)} for key, value in weights.items()},
            "terms": terms,
        }
    raise SystemExit(f"{name}: no seed keeps clear of the kinks")


def main():
    names = ["one-layer", "two-layers", "mse", "three-groups", "batch-norm", "classes", "cnn", "cnn-plain"]
    cases = [build(name, number) for number, name in enumerate(names, 1)]
    (HERE / "gcm.json").write_text(json.dumps({"format": 1, "torch": torch.__version__, "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
