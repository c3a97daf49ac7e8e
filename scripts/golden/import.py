"""Writes the small PyTorch files that crates/deepshift-weights/tests/files.rs reads. Needs torch and safetensors."""

import argparse
import collections
import pathlib
import pickle
import sys
import types

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from requires import requires

requires("safetensors", "torch")

import torch
from safetensors.torch import save_file

folder = pathlib.Path(__file__).resolve().parents[2] / "crates/deepshift-weights/tests/data/import"
folder.mkdir(parents=True, exist_ok=True)


class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = torch.nn.Linear(3, 2)
        self.bn = torch.nn.BatchNorm1d(2)
        with torch.no_grad():
            self.fc1.weight.copy_(torch.tensor([[0.5, -0.25, 1.0], [0.0, 2.0, -4.0]]))
            self.fc1.bias.copy_(torch.tensor([0.125, -1.0]))

    def forward(self, x):
        return self.bn(self.fc1(x))


# Legacy pickles of whole modules hold the path of the class's source file, unless its module has none.
sys.modules["tiny"] = types.ModuleType("tiny")
sys.modules["tiny"].Tiny = Tiny
Tiny.__module__ = "tiny"

model = Tiny()
state = model.state_dict()
torch.save(state, folder / "zip.pth")
torch.save(state, folder / "legacy.pth", _use_new_zipfile_serialization=False)
prefixed = {f"module.{name}": tensor for name, tensor in state.items()}
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
model(torch.zeros(4, 3)).sum().backward()
optimizer.step()
torch.save(
    {"epoch": 3, "state_dict": prefixed, "best_acc1": 12.5, "optimizer": optimizer.state_dict()},
    folder / "checkpoint.pth.tar",
)
torch.save(model, folder / "model.pth")
torch.save(model, folder / "model_legacy.pth", _use_new_zipfile_serialization=False)
save_file({name: tensor.contiguous() for name, tensor in prefixed.items()}, folder / "weights.safetensors")


class Settings(dict):
    """A kind of dictionary that nobody knows where the file is read."""


sys.modules["settings"] = types.ModuleType("settings")
sys.modules["settings"].Settings = Settings
Settings.__module__ = "settings"
settings = Settings(lr=0.1)
settings.frozen = True
torch.save(
    {
        "epoch": 3,
        "args": argparse.Namespace(lr=0.1, milestones=collections.Counter([30, 60])),
        "settings": settings,
        "losses": collections.defaultdict(list, {"train": [0.5, 0.25]}),
        "last": collections.deque([1.0, 2.0]),
        "device": torch.device("cpu"),
        "seed": 2**80,
        "ema": {name: 2 * tensor for name, tensor in state.items()},
        "model": {f"_orig_mod.module.{name}": tensor for name, tensor in state.items()},
        "optimizer": {**optimizer.state_dict(), "masters": dict(state)},
    },
    folder / "objects.pth",
)
# A column-major weight and a bias that is part of it, as f16 and f64.
weight = state["fc1.weight"].t().contiguous().t()
for name, kind in [("f16", torch.float16), ("f64", torch.float64)]:
    view = weight.to(kind)
    torch.save({**state, "fc1.weight": view, "fc1.bias": view[1, 1:]}, folder / f"views_{name}.pth")
torch.jit.save(torch.jit.script(model), folder / "script.pt")
with open(folder / "pickled.pkl", "wb") as file:
    pickle.dump(dict(state), file)
