"""Models that the frameworks themselves make, for import_frameworks_test.py: import_nets.py tensorflow|torch FOLDER.

It runs under a framework's own Python. Weights and batch-norm statistics are random (seed 21); nothing is trained.
"""
import pathlib
import sys

import numpy as np


def keras_net():
    """MobileNet-like: batch norms behind full and depthwise convolutions, ReLU6, SAME padding at stride 2, residual."""
    import tensorflow as tf

    layers = tf.keras.layers

    def norm(x, name):
        return layers.ReLU(6.0, name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_bn")(x))

    x = image = layers.Input((32, 32, 3), name="image")
    x = norm(layers.Conv2D(8, 3, 2, "same", use_bias=False, name="stem")(x), "stem")
    for i, (channels, stride) in enumerate(((12, 2), (12, 1))):
        y = norm(layers.Conv2D(24, 1, use_bias=False, name=f"up{i}")(x), f"up{i}")
        y = norm(layers.DepthwiseConv2D(3, stride, "same", use_bias=False, name=f"dw{i}")(y), f"dw{i}")
        y = layers.BatchNormalization(name=f"down{i}_bn")(layers.Conv2D(channels, 1, use_bias=False, name=f"down{i}")(y))
        x = layers.Add(name=f"add{i}")([x, y]) if stride == 1 else y
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    model = tf.keras.Model(image, layers.Softmax(name="softmax")(layers.Dense(10, name="fc")(x)), name="mini")
    rng = np.random.default_rng(21)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            size = layer.gamma.shape
            layer.set_weights([rng.uniform(0.5, 1.5, size), rng.uniform(-0.3, 0.3, size), rng.uniform(-0.3, 0.3, size),
                               rng.uniform(0.5, 1.5, size)])
    return model


def tensorflow(folder):
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    tf.keras.utils.set_random_seed(21)
    model = keras_net()
    model.save(folder / "mini.keras")
    model.save(folder / "mini.h5")
    model.export(folder / "mini_saved", verbose=False)
    call = tf.function(lambda image: model(image, training=False))
    frozen = convert_variables_to_constants_v2(call.get_concrete_function(tf.TensorSpec((None, 32, 32, 3), tf.float32,
                                                                                        name="image")))
    (folder / "mini.pb").write_bytes(frozen.graph.as_graph_def().SerializeToString())
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    (folder / "mini.tflite").write_bytes(converter.convert())
    rng = np.random.default_rng(21)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    (folder / "mini_dynamic.tflite").write_bytes(converter.convert())
    converter.representative_dataset = lambda: ([rng.standard_normal((1, 32, 32, 3)).astype(np.float32)]
                                                for _ in range(20))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    (folder / "mini_int8.tflite").write_bytes(converter.convert())
    lambdas = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Lambda(lambda x: x * 2.0)])
    lambdas.save(folder / "lambda.keras")


def torch(folder):
    import torch as pytorch
    from torch import nn

    class Attention(nn.Module):
        """A transformer's layers as PyTorch has them: heads are merged with the batch."""

        def __init__(self):
            super().__init__()
            self.norm, self.heads = nn.LayerNorm(16), nn.MultiheadAttention(16, 4, batch_first=True)
            self.up, self.down, self.head = nn.Linear(16, 32), nn.Linear(32, 16), nn.Linear(16, 5)

        def forward(self, x):
            y = self.norm(x)
            x = x + self.heads(y, y, y, need_weights=False)[0]
            return self.head((x + self.down(nn.functional.gelu(self.up(x)))).mean(1))

    pytorch.manual_seed(21)
    net = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(),
                        nn.Conv2d(8, 8, 3, 1, 1, groups=8, bias=False), nn.BatchNorm2d(8), nn.Hardswish(),
                        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))
    with pytorch.no_grad():
        for layer in net:
            if isinstance(layer, nn.BatchNorm2d):
                layer.weight.uniform_(0.5, 1.5)
                layer.running_mean.uniform_(-0.3, 0.3)
                layer.running_var.uniform_(0.5, 1.5)
    net.eval()
    pytorch.jit.script(net).save(str(folder / "scripted.pt"))
    pytorch.jit.trace(net, pytorch.zeros(2, 3, 32, 32)).save(str(folder / "traced.pt"))
    pytorch.save(net.state_dict(), str(folder / "weights.pth"))
    tokens = nn.Sequential(nn.Embedding(20, 6), nn.Linear(6, 3)).eval()
    pytorch.jit.script(tokens).save(str(folder / "tokens.pt"))
    pytorch.jit.trace(Attention().eval(), pytorch.zeros(2, 7, 16), check_trace=False).save(str(folder / "attention.pt"))
    if hasattr(pytorch, "export"):
        batch = pytorch.export.Dim("batch")
        program = pytorch.export.export(net, (pytorch.zeros(2, 3, 32, 32),), dynamic_shapes=({0: batch},))
        pytorch.export.save(program, str(folder / "program.pt2"))


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    {"tensorflow": tensorflow, "torch": torch}[sys.argv[1]](target)
