"""Writes fairvic.json: FairVIC's terms and their gradients by PyTorch in double precision, for the tests of `fairvic`.

README.md in this folder describes the layout. All inputs are multiples of 1/1024, hence exact in single precision.
"""

import json
import pathlib

import torch

HERE = pathlib.Path(__file__).parent
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
EPSILON = 1e-5
FLIPPED = 3  # the column that holds the group: 0.25 for group 0, 0.75 for group 1
VALUES = [0.25, 0.75]


def grid(tensor):
    return torch.round(tensor * 1024) / 1024


def flat(tensor):
    return tensor.detach().reshape(-1).tolist()


def network(generator):
    """Arrays of an MLP 4 - 5 (batch norm, ReLU) - 2 linear - 4 (batch norm, ReLU) - 1, in the order of the Rust network."""
    def layer(name, inputs, outputs, norm):
        out = {f"{name}.weight": torch.randn(inputs, outputs, generator=generator) * 0.7, f"{name}.bias": torch.randn(outputs, generator=generator) * 0.2}
        if norm:
            out[f"{name}.norm.gamma"] = 1 + 0.3 * torch.randn(outputs, generator=generator)
            out[f"{name}.norm.beta"] = 0.3 * torch.randn(outputs, generator=generator)
        return out

    arrays = {**layer("hidden.0", 4, 5, True), **layer("bottleneck", 5, 2, False), **layer("head.0", 2, 4, True), **layer("logit", 4, 1, False)}
    return {name: grid(value).requires_grad_(True) for name, value in arrays.items()}


def forward(x, w, statistics=None):
    """Embedding, score, and what the batch norms used; `statistics` of an earlier pass take the place of the batch's own."""
    used = []

    def normalised(a, name):
        if statistics is None:
            mean = a.mean(0)
            used.append((mean, ((a - mean) ** 2).mean(0)))
        else:
            used.append(statistics[len(used)])
        mean, variance = used[-1]
        return (a - mean) / torch.sqrt(variance + EPSILON) * w[f"{name}.norm.gamma"] + w[f"{name}.norm.beta"]

    h = torch.relu(normalised(x @ w["hidden.0.weight"] + w["hidden.0.bias"], "hidden.0"))
    z = h @ w["bottleneck.weight"] + w["bottleneck.bias"]
    g = torch.relu(normalised(z @ w["head.0.weight"] + w["head.0.bias"], "head.0"))
    logit = (g @ w["logit.weight"] + w["logit.bias"]).squeeze(1)
    return z, logit, used


def share(weights):
    return weights / weights.sum()


def variance(z, weights):
    p = share(weights)[:, None]
    mean = (p * z).sum(0)
    return torch.relu(1 - torch.sqrt((p * (z - mean) ** 2).sum(0))).mean()


def invariance(s, t, known, weights):
    return (share(weights[known]) * (s - t)[known] ** 2).sum()


def covariance(s, groups, weights):
    known = groups >= 0
    p, s, groups = share(weights[known]), s[known], groups[known]
    centred = s - (p * s).sum()
    return sum((p * centred * ((groups == g).double() - p[groups == g].sum())).sum().abs() for g in groups.unique()) / 2


def equation3(s, groups, weights, privileged):
    known = groups >= 0
    p, s, groups = share(weights[known]), s[known], groups[known]
    return torch.sqrt(((p * (s - (p * s).sum()) * (groups == privileged).double()) ** 2).sum())


def case(name, seed, weighted):
    generator = torch.Generator().manual_seed(seed)
    w = network(generator)
    groups = torch.tensor([0, 1, 1, 0, -1, 1, 1, 0, 1, 1, 0, 1])
    labels = torch.tensor([0.0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 0, 0])
    weights = torch.tensor([1.0, 2.0, 0.5, 1.0, 1.5, 1.0, 0.25, 3.0, 1.0, 1.0, 0.0, 2.0]) if weighted else torch.ones(12)
    x = grid(torch.randn(12, 4, generator=generator))
    values = torch.tensor(VALUES)
    known = groups >= 0
    x[known, FLIPPED] = values[groups[known]]
    flipped = x.clone()
    flipped[known, FLIPPED] = values[1 - groups[known]]
    z, logit, statistics = forward(x, w)
    s = torch.sigmoid(logit)
    same = torch.sigmoid(forward(flipped, w, statistics)[1])
    fresh = torch.sigmoid(forward(flipped, w)[1])
    data = (share(weights) * torch.nn.functional.binary_cross_entropy_with_logits(logit, labels, reduction="none")).sum()
    terms = {
        "variance": variance(z, weights),
        "invariance": invariance(s, same, known, weights),
        "invariance_fresh": invariance(s, fresh, known, weights),
        "covariance": covariance(s, groups, weights),
        "equation3": equation3(s, groups, weights, 1),
    }
    terms["total"] = 0.1 * data + 0.2 * terms["variance"] + 0.3 * terms["invariance"] + 0.4 * terms["covariance"]
    out = {"name": name, "features": flat(x), "groups": groups.tolist(), "labels": flat(labels), "weights": flat(weights), "column": FLIPPED,
           "values": VALUES, "arrays": {key: flat(value) for key, value in w.items()}}
    for key, term in terms.items():
        gradients = torch.autograd.grad(term, list(w.values()), retain_graph=True, allow_unused=True)
        filled = [torch.zeros_like(value) if gradient is None else gradient for gradient, value in zip(gradients, w.values())]
        out[key] = {"value": term.item(), "gradients": {name: flat(gradient) for name, gradient in zip(w, filled)}}
    return out


def series():
    """The two forms of the covariance term on growing pieces of one sample: two of three rows privileged, scores higher for them."""
    generator = torch.Generator().manual_seed(2025)
    sizes = [64, 256, 1024, 8192]
    privileged = (torch.rand(sizes[-1], generator=generator) < 2 / 3).long()
    scores = grid(torch.sigmoid(1.2 * torch.randn(sizes[-1], generator=generator) + 0.4 * privileged))
    ones = [torch.ones(n) for n in sizes]
    return {"scores_times_1024": (scores * 1024).long().tolist(), "privileged": "".join(str(p) for p in privileged.tolist()), "sizes": sizes,
            "covariance": [covariance(scores[:n], privileged[:n], w).item() for n, w in zip(sizes, ones)],
            "equation3": [equation3(scores[:n], privileged[:n], w, 1).item() for n, w in zip(sizes, ones)]}


def main():
    out = {"format": 1, "libraries": {"torch": torch.__version__.split("+")[0]},
           "cases": [case("equal weights", 1, False), case("weights, one of them 0", 2, True)], "series": series()}
    (HERE / "fairvic.json").write_text(json.dumps(out) + "\n")
    for n, c, e in zip(*(out["series"][key] for key in ("sizes", "covariance", "equation3"))):
        print(f"N = {n}: |Cov| {c:.4f}, equation 3 {e:.4f}")


if __name__ == "__main__":
    main()
