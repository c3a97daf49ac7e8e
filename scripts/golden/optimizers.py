"""Writes crates/deepshift-burn/tests/data/optimizers.json: parameters after optimizer steps taken with PyTorch.

Usage: python scripts/golden/optimizers.py    (needs torch; run it again only when the cases below change)

Adadelta is torch.optim.Adadelta. RAdam and Ranger are their authors' formulas on float32 tensors, because
torch.optim.RAdam differs from the published code, which the original DeepShift uses.
Start values and gradients are exact in float32 and are computed by the same two formulas in the Rust test.
"""

import json
import math
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from requires import requires

requires("torch")

import torch

SHAPES = [[5], [2, 3], [2, 1, 2, 2]]
KEPT_STEPS = [1, 2, 5, 6, 7, 12, 13, 20]


def start(shape):
    count = math.prod(shape)
    return torch.tensor([((i * 5) % 11 - 5) / 8 for i in range(count)]).reshape(shape)


def gradient(shape, step):
    count = math.prod(shape)
    values = [((step * 7 + i * 13) % 17 - 8) / 16 * 2.0 ** (i % 4 - 2) for i in range(count)]
    return torch.tensor(values).reshape(shape)


class Rectified:
    """RAdam (Liu et al. 2020); with lookahead it is Ranger (Less Wright 2019)."""

    def __init__(self, parameter, lr, weight_decay, betas, eps, rectified, lookahead=None):
        self.parameter, self.lr, self.weight_decay = parameter, lr, weight_decay
        self.betas, self.eps, self.rectified, self.lookahead = betas, eps, rectified, lookahead
        self.exp_avg = torch.zeros_like(parameter)
        self.exp_avg_sq = torch.zeros_like(parameter)
        self.slow = parameter.clone()
        self.t = 0

    def step(self, grad):
        beta1, beta2 = self.betas
        self.exp_avg_sq.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        self.exp_avg.mul_(beta1).add_(grad, alpha=1 - beta1)
        self.t += 1
        beta2_t = beta2**self.t
        n_max = 2 / (1 - beta2) - 1
        n = n_max - 2 * self.t * beta2_t / (1 - beta2_t)
        if self.weight_decay != 0:
            self.parameter.add_(self.parameter, alpha=-self.weight_decay * self.lr)
        if self.rectified(n):
            ratio = (n - 4) / (n_max - 4) * (n - 2) / n * n_max / (n_max - 2)
            step_size = math.sqrt((1 - beta2_t) * ratio) / (1 - beta1**self.t)
            denominator = self.exp_avg_sq.sqrt().add_(self.eps)
            self.parameter.addcdiv_(self.exp_avg, denominator, value=-step_size * self.lr)
        else:
            self.parameter.add_(self.exp_avg, alpha=-self.lr / (1 - beta1**self.t))
        if self.lookahead and self.t % self.lookahead[0] == 0:
            self.slow.add_(self.parameter - self.slow, alpha=self.lookahead[1])
            self.parameter.copy_(self.slow)


class Adadelta:
    def __init__(self, parameter, lr, weight_decay):
        self.parameter = parameter.requires_grad_()
        self.optimizer = torch.optim.Adadelta([parameter], lr=lr, weight_decay=weight_decay)

    def step(self, grad):
        self.parameter.grad = grad
        self.optimizer.step()


def make(name, parameter, lr, weight_decay):
    if name == "radam":
        return Rectified(parameter, lr, weight_decay, (0.9, 0.999), 1e-8, lambda n: n >= 5)
    if name == "ranger":
        return Rectified(parameter, lr, weight_decay, (0.95, 0.999), 1e-5, lambda n: n > 5, (6, 0.5))
    return Adadelta(parameter, lr, weight_decay)


def case(name, lr, weight_decay, shape):
    parameter = start(shape)
    optimizer = make(name, parameter, lr, weight_decay)
    after = {}
    for step in range(1, KEPT_STEPS[-1] + 1):
        optimizer.step(gradient(shape, step))
        if step in KEPT_STEPS:
            after[step] = [float(f"{value:.9g}") for value in parameter.detach().flatten().tolist()]
    return {"optimizer": name, "lr": lr, "weight_decay": weight_decay, "shape": shape, "after": after}


def main():
    cases = [
        case(name, lr, weight_decay, shape)
        for name, lr in [("radam", 0.05), ("ranger", 0.05), ("adadelta", 1.0)]
        for weight_decay in [0.0, 0.01]
        for shape in SHAPES
    ]
    folder = pathlib.Path(__file__).resolve().parents[2] / "crates/deepshift-burn/tests/data"
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in cases)
    (folder / "optimizers.json").write_text(f"[\n{lines}\n]\n")


main()
