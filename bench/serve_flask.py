"""The server that serve is measured against: Flask and PyTorch, as one writes it for such a model.

Usage: python bench/serve_flask.py WEIGHTS [PORT]; WEIGHTS is a weights.safetensors of `simple`.
Needs flask, torch, pillow and safetensors. Compare with: node bench/serve-load.mjs http://127.0.0.1:PORT/predict digit.png --form
"""
import io
import sys

import torch
import torch.nn.functional as F
from flask import Flask, jsonify, request
from PIL import Image, ImageOps
from safetensors.torch import load_file


class Simple(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = torch.nn.Conv2d(16, 32, 3, padding=1)
        self.fc1 = torch.nn.Linear(32 * 49, 128)
        self.fc2 = torch.nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


model = Simple()
model.load_state_dict(load_file(sys.argv[1]))
model.eval()
app = Flask(__name__)


@app.post("/predict")
def predict():
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(request.files["image"].read()))).convert("L").resize((28, 28))
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).reshape(1, 1, 28, 28).float() / 255
    with torch.inference_mode():
        probabilities = model((pixels - 0.1307) / 0.3081).softmax(1)[0]
    return jsonify(label=int(probabilities.argmax()), probabilities=probabilities.tolist())


if __name__ == "__main__":
    app.run(port=int(sys.argv[2]) if len(sys.argv) > 2 else 5001, threaded=True)
