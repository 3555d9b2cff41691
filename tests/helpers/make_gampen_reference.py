"""Writes data/gampen_reference.npz: GaMPEN's network in PyTorch on seeded weights. Needs torch; run by hand."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from gampen_reference import CASES, VGG16, images, random_state
from torch import nn


def features(channels):
    modules = []
    for n_filters in VGG16:
        if n_filters == "pool":
            modules.append(nn.MaxPool2d(2))
            continue
        if modules:
            modules.append(nn.Dropout())
        modules += [nn.Conv2d(channels, n_filters, 3, padding=1), nn.ReLU()]
        channels = n_filters
    return nn.Sequential(*modules)


class Reference(nn.Module):
    def __init__(self, side, channels, n_outputs, n_transform):
        super().__init__()
        pool = nn.MaxPool2d(3, 2)
        self.localization = nn.Sequential(
            nn.Conv2d(channels, 64, 11), pool, nn.ReLU(), nn.Conv2d(64, 96, 9), pool, nn.ReLU()
        )
        n_features = self.localization(torch.zeros(1, channels, side, side)).numel()
        self.fc_loc = nn.Sequential(nn.Linear(n_features, 32), nn.ReLU(), nn.Linear(32, n_transform))
        self.vgg = nn.Module()
        self.vgg.features = features(channels)
        self.vgg.classifier = nn.Sequential(
            nn.Linear(512 * 49, 4096), nn.ReLU(), nn.Dropout(),
            nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, n_outputs),
        )  # fmt: skip

    def forward(self, x):
        parameters = self.fc_loc(self.localization(x).flatten(1))
        theta = torch.zeros(len(x), 2, 3)
        if parameters.shape[1] == 6:
            theta = parameters.view(-1, 2, 3)
        else:
            theta[:, 0, 0] = theta[:, 1, 1] = parameters[:, 0]
            theta[:, :, 2] = parameters[:, 1:] if parameters.shape[1] == 3 else 0
        x = F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=True), align_corners=True)
        x = F.adaptive_avg_pool2d(self.vgg.features(x), 7)
        return parameters, self.vgg.classifier(x.flatten(1))


@torch.no_grad()
def main():
    torch.set_num_threads(2)
    arrays = {}
    for name, case in CASES.items():
        network = Reference(*case).eval()
        state = random_state(*case)
        network.load_state_dict({key.removeprefix("module."): torch.tensor(value) for key, value in state.items()})
        parameters, outputs = network(torch.tensor(images(*case[:2]).transpose(0, 3, 1, 2)))
        arrays[f"{name}_parameters"], arrays[f"{name}_outputs"] = parameters.numpy(), outputs.numpy()
    # sampling alone, as F.grid_sample does it: corners at ±1, zeros outside
    image = torch.tensor(images(17, 2).transpose(0, 3, 1, 2))
    theta = torch.tensor([[[0.7, 0.2, 0.1], [-0.3, 0.9, -0.2]], [[1.3, -0.4, 0.5], [0.6, 1.1, 0.3]]])
    grid = F.affine_grid(theta, image.shape, align_corners=True)
    arrays["grid_theta"] = theta.numpy()
    arrays["grid_sample"] = F.grid_sample(image, grid, align_corners=True).numpy().transpose(0, 2, 3, 1)
    arrays["pool_10_to_7"] = F.adaptive_avg_pool2d(image[:, :, :10, :4], 7).numpy().transpose(0, 2, 3, 1)
    np.savez_compressed(Path(__file__).parent / "data" / "gampen_reference.npz", **arrays)
    print({name: array.shape for name, array in arrays.items()})


if __name__ == "__main__":
    main()
