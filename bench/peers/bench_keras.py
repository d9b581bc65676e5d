#!/usr/bin/env python3
"""Training-step throughput of the presets in Keras on TensorFlow, compiled with XLA where Keras chooses to.

usage: bench_keras.py MODEL [--batch 512] [--steps 20]
Prints one JSON line, as bench_torch.py does. A step is keras.Model.train_on_batch with Adam on a resident batch. models.md describes the presets.
"""
import argparse
import json
import os
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import tensorflow as tf
from keras import layers


def conv(filters, padding="same"):
    return [layers.Conv2D(filters, 3, padding=padding, activation="relu")]


def conv_bn(filters, size=3, stride=1, relu=True):
    convolution = layers.Conv2D(filters, size, stride, padding="same", use_bias=False)
    return [convolution, layers.BatchNormalization()] + ([layers.ReLU()] if relu else [])


def dense(units):
    return [layers.Dense(units, activation="relu")]


def pool():
    return [layers.MaxPool2D()]


def apply(stack, x):
    for layer in stack:
        x = layer(x)
    return x


def residual():
    inputs = layers.Input((28, 28, 1))
    x = apply(conv_bn(16), inputs)
    for before, filters, stride in ((16, 16, 1), (16, 32, 2), (32, 64, 2)):
        y = apply(conv_bn(filters, 3, stride) + conv_bn(filters, relu=False), x)
        shortcut = x if stride == 1 and before == filters else apply(conv_bn(filters, 1, stride, False), x)
        x = layers.ReLU()(layers.Add()([y, shortcut]))
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def sequential(make):
    return lambda: keras.Sequential([layers.Input((28, 28, 1)), *make(), layers.Dense(10)])


MODELS = {
    "simple": sequential(lambda: [*conv(16), *pool(), *conv(32), *pool(), layers.Flatten(), *dense(128)]),
    "deep": sequential(lambda: [
        *conv_bn(32), *conv_bn(32), *pool(), layers.Dropout(0.25), *conv_bn(64), *conv_bn(64), *pool(), layers.Dropout(0.25),
        layers.Flatten(), *dense(256), layers.Dropout(0.5),
    ]),
    "residual": residual,
    "vgg": sequential(lambda: [
        *conv(32), *conv(32), *pool(), *conv(64), *conv(64), *pool(), layers.Dropout(0.25), layers.Flatten(), *dense(128), layers.Dropout(0.5),
    ]),
    "compact": sequential(lambda: [
        *conv(8, "valid"), *conv(16, "valid"), *pool(), *conv(22, "valid"), *conv(56, "valid"), *pool(), layers.Flatten(),
    ]),
    "pyramid": sequential(lambda: [
        *conv(32), *pool(), *conv(64), *pool(), *conv(128), *pool(), *conv(256), layers.GlobalAveragePooling2D(), *dense(128), layers.Dropout(0.5),
    ]),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()

    keras.utils.set_random_seed(0)
    model = MODELS[options.model]()
    model.compile(keras.optimizers.Adam(), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = tf.random.normal((options.batch, 28, 28, 1))
    labels = tf.random.uniform((options.batch,), 0, 10, tf.int32)
    for _ in range(5):
        model.train_on_batch(images, labels)
    began = time.perf_counter()
    for _ in range(options.steps):
        model.train_on_batch(images, labels)
    seconds = (time.perf_counter() - began) / options.steps
    print(json.dumps({
        "peer": f"keras {keras.__version__} / tensorflow {tf.__version__}",
        "model": options.model,
        "batch": options.batch,
        "ms_per_step": round(seconds * 1e3, 2),
        "images_per_s": round(options.batch / seconds),
        "parameters": sum(int(tf.size(weight)) for weight in model.trainable_variables),
    }))


if __name__ == "__main__":
    main()
