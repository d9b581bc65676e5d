#!/usr/bin/env python3
"""Training steps of the presets in PyTorch on CUDA, all in one process, since starting and compiling take longer than measuring.

usage: bench_torch_all.py MODES BATCHES [MODELS]        such as: bench_torch_all.py eager,strict,graph,cl-graph 512,32 simple,residual
Modes: eager (PyTorch's defaults: convolutions in TF32), strict (fp32), graph (the whole step in a CUDA graph, fused Adam),
compile (torch.compile, reduce-overhead); cl- in front: channels-last. Prints one JSON line a case:
{"peer", "model", "batch", "us_per_step", "images_per_s", "setup_s"}, or with "error" where it does not run. Median of three rounds.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F

from bench_torch import LAYERS, build


def seconds_a_step(step, steps):
    for _ in range(8):
        step()
    rounds = []
    for _ in range(3):
        torch.cuda.synchronize()
        began = time.perf_counter()
        for _ in range(steps):
            step()
        torch.cuda.synchronize()
        rounds.append((time.perf_counter() - began) / steps)
    return sorted(rounds)[1]


def record(step, optimizer):
    """Returns a function that replays the step as a CUDA graph."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(5):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    optimizer.zero_grad(set_to_none=True)
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def measure(name, batch, mode):
    torch.manual_seed(0)
    torch.backends.cudnn.allow_tf32 = "strict" not in mode
    torch.backends.cudnn.benchmark = True
    graph, compiled = "graph" in mode, "compile" in mode
    model = build(name).to("cuda")
    images = torch.randn(batch, 1, 28, 28, device="cuda")
    labels = torch.randint(0, 10, (batch,), device="cuda")
    if mode.startswith("cl-"):
        model, images = model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), capturable=graph, fused=graph or compiled)
    forward = torch.compile(model, mode="reduce-overhead") if compiled else model

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(forward(images), labels).backward()
        optimizer.step()

    began = time.perf_counter()
    seconds = seconds_a_step(record(step, optimizer), 100) if graph else seconds_a_step(step, 60)
    return {
        "us_per_step": round(seconds * 1e6, 1),
        "images_per_s": round(batch / seconds),
        "setup_s": round(time.perf_counter() - began, 1),
    }


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    modes, batches = sys.argv[1].split(","), [int(batch) for batch in sys.argv[2].split(",")]
    models = sys.argv[3].split(",") if len(sys.argv) > 3 else list(LAYERS)
    for batch in batches:
        for name in models:
            for mode in modes:
                try:
                    result = measure(name, batch, mode)
                except Exception as error:
                    result = {"error": str(error)[:200]}
                print(json.dumps({"peer": f"torch {mode}", "model": name, "batch": batch, **result}), flush=True)


if __name__ == "__main__":
    main()
