#!/usr/bin/env python3
"""Training-step throughput of the presets in PyTorch, on the CPU or on CUDA.

usage: bench_torch.py MODEL [--batch 512] [--steps 20] [--threads 2] [--device cpu|cuda] [--channels-last] [--compile]
Prints one JSON line: {"peer", "model", "batch", "ms_per_step", "images_per_s", "parameters"}.
A step is forward pass, cross-entropy, backward pass and Adam's update on a resident batch, without loading of data. models.md describes the presets.
"""
import argparse
import json
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Residual(nn.Module):
    """The basic block of He et al.: two 3x3 convolutions with batch norm, and a 1x1 projection where the shape changes."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.shortcut(x))


def conv(inputs, outputs, padding=1):
    return [nn.Conv2d(inputs, outputs, 3, padding=padding), nn.ReLU()]


def conv_bn(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def dense(inputs, outputs):
    return [nn.Linear(inputs, outputs), nn.ReLU()]


def pool():
    return [nn.MaxPool2d(2)]


def average():
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten()]


LAYERS = {
    "simple": lambda: [*conv(1, 16), *pool(), *conv(16, 32), *pool(), nn.Flatten(), *dense(1568, 128), nn.Linear(128, 10)],
    "deep": lambda: [
        *conv_bn(1, 32), *conv_bn(32, 32), *pool(), nn.Dropout(0.25),
        *conv_bn(32, 64), *conv_bn(64, 64), *pool(), nn.Dropout(0.25),
        nn.Flatten(), *dense(3136, 256), nn.Dropout(0.5), nn.Linear(256, 10),
    ],
    "residual": lambda: [*conv_bn(1, 16), Residual(16, 16), Residual(16, 32, 2), Residual(32, 64, 2), *average(), nn.Linear(64, 10)],
    "vgg": lambda: [
        *conv(1, 32), *conv(32, 32), *pool(), *conv(32, 64), *conv(64, 64), *pool(), nn.Dropout(0.25),
        nn.Flatten(), *dense(3136, 128), nn.Dropout(0.5), nn.Linear(128, 10),
    ],
    "compact": lambda: [
        *conv(1, 8, 0), *conv(8, 16, 0), *pool(), *conv(16, 22, 0), *conv(22, 56, 0), *pool(), nn.Flatten(), nn.Linear(896, 10),
    ],
    "pyramid": lambda: [
        *conv(1, 32), *pool(), *conv(32, 64), *pool(), *conv(64, 128), *pool(), *conv(128, 256), *average(),
        *dense(256, 128), nn.Dropout(0.5), nn.Linear(128, 10),
    ],
}


def build(name):
    """Returns the preset as a module from images [n, 1, 28, 28] to logits [n, 10]."""
    return nn.Sequential(*LAYERS[name]())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=LAYERS)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    device = options.device
    model = build(options.model).to(device)
    images = torch.randn(options.batch, 1, 28, 28, device=device)
    labels = torch.randint(0, 10, (options.batch,), device=device)
    if options.channels_last:
        model, images = model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters())
    forward = torch.compile(model) if options.compile else model
    synchronize = torch.cuda.synchronize if device == "cuda" else (lambda: None)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(forward(images), labels).backward()
        optimizer.step()

    for _ in range(5):
        step()
    synchronize()
    began = time.perf_counter()
    for _ in range(options.steps):
        step()
    synchronize()
    seconds = (time.perf_counter() - began) / options.steps
    flags = (" channels_last" if options.channels_last else "") + (" compile" if options.compile else "")
    print(json.dumps({
        "peer": f"pytorch {torch.__version__}{flags}",
        "model": options.model,
        "batch": options.batch,
        "ms_per_step": round(seconds * 1e3, 2),
        "images_per_s": round(options.batch / seconds),
        "parameters": sum(p.numel() for p in model.parameters()),
    }))


if __name__ == "__main__":
    main()
