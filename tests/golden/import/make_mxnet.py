#!/usr/bin/env python3
"""Makes the MXNet models of this folder and what MXNet itself computes with them: make_mxnet.py mxnet. PROVENANCE.md says with
which packages. Every case is NAME-symbol.json and NAME-0000.params, as Module and Gluon write them, with NAME-input.npy
and NAME-output.npy (NAME-output1.npy for the next output). Weights are random: gamma is not 1 also where fix_gamma is set.
"""

import os
import pathlib
import sys

os.environ["MXNET_MKLDNN_ENABLED"] = "0"  # oneDNN's path crashes in reshape; MXNet's own operators are the oracle

import mxnet as mx  # noqa: E402
import numpy as np  # noqa: E402

S = mx.sym


def conv_norm(x, name, channels, kernel=3, stride=1, groups=1, fix_gamma=True, act=True):
    pad = kernel // 2
    x = S.Convolution(x, name=f"{name}_conv", kernel=(kernel, kernel), stride=(stride, stride), pad=(pad, pad),
                      num_filter=channels, num_group=groups, no_bias=True)
    x = S.BatchNorm(x, name=f"{name}_bn", fix_gamma=fix_gamma)
    return S.Activation(x, act_type="relu", name=f"{name}_relu") if act else x


def residual(x, name, channels, stride):
    short = conv_norm(x, f"{name}_down", channels, 1, stride, act=False)
    body = conv_norm(conv_norm(x, f"{name}_a", channels, 3, stride), f"{name}_b", channels, act=False)
    return S.Activation(S.elemwise_add(body, short, name=f"{name}_add"), act_type="relu", name=f"{name}_out")


def module_net():
    """As Module writes checkpoints: fix_gamma left at its default, full pooling, concat, SoftmaxOutput with a label."""
    data = S.Variable("data")
    x = conv_norm(data, "stem", 8, 3, 2)
    x = S.Pooling(x, kernel=(3, 3), stride=(2, 2), pool_type="max", pooling_convention="full", name="pool1")
    x = residual(x, "r1", 12, 2)
    x = conv_norm(x, "dw", 12, 3, 1, groups=12)
    x = S.Concat(x, conv_norm(x, "branch", 4, 1), dim=1, name="concat")
    x = S.Pooling(x, kernel=(2, 2), stride=(1, 1), pool_type="avg", name="pool2")
    x = S.Pooling(x, kernel=(1, 1), global_pool=True, pool_type="avg", name="pool3")
    x = S.FullyConnected(S.Flatten(x, name="flatten"), num_hidden=10, name="fc")
    return S.SoftmaxOutput(x, name="softmax")


def gluon_net():
    """As the model zoo's mobilenet_v2: Gluon layers, ReLU6 by clip, depthwise, residual, an SE block, export."""
    nn = mx.gluon.nn

    class Relu6(nn.HybridBlock):
        def hybrid_forward(self, F, x):
            return F.clip(x, 0, 6)

    class Squeeze(nn.HybridBlock):
        def __init__(self, channels, **kwargs):
            super().__init__(**kwargs)
            self.pool, self.down = nn.GlobalAvgPool2D(), nn.Conv2D(channels // 2, 1, activation="relu")
            self.up = nn.Conv2D(channels, 1)

        def hybrid_forward(self, F, x):
            return F.broadcast_mul(x, F.hard_sigmoid(self.up(self.down(self.pool(x)))))

    class Block(nn.HybridBlock):
        def __init__(self, channels, out, stride, **kwargs):
            super().__init__(**kwargs)
            self.body = nn.HybridSequential()
            self.body.add(nn.Conv2D(channels, 1, use_bias=False), nn.BatchNorm(), Relu6(),
                          nn.Conv2D(channels, 3, stride, 1, groups=channels, use_bias=False), nn.BatchNorm(), Relu6(),
                          Squeeze(channels), nn.Conv2D(out, 1, use_bias=False), nn.BatchNorm(scale=False))
            self.is_residual = stride == 1

        def hybrid_forward(self, F, x):
            y = self.body(x)
            return F.elemwise_add(y, x) if self.is_residual else y

    net = nn.HybridSequential()
    net.add(nn.Conv2D(8, 3, 2, 1, use_bias=False), nn.BatchNorm(), Relu6(), Block(16, 12, 2), Block(16, 12, 1),
            nn.Conv2D(24, 1), nn.PReLU(), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Dropout(0.5), nn.Dense(10))
    return net


def attention_net():
    """As GluonNLP's BERT: Dense with flatten=False, LayerNorm, heads by reshape with -4 and -3, batch_dot, GELU."""
    data = S.Variable("data")
    heads = []
    for part in ("query", "key", "value"):
        x = S.FullyConnected(data, num_hidden=12, flatten=False, name=part)
        x = S.reshape(x, shape=(0, 0, -4, 3, -1), name=f"{part}_split")
        x = S.transpose(x, axes=(0, 2, 1, 3), name=f"{part}_swap")
        heads.append(S.reshape(x, shape=(-3, 0, 0), name=f"{part}_merge"))
    scores = S.batch_dot(heads[0], heads[1], transpose_b=True, name="scores") / 2.0
    context = S.batch_dot(S.softmax(scores, axis=-1, name="weights"), heads[2], name="context")
    x = S.reshape(context, shape=(-4, -1, 3, 0, 0), name="unmerge")
    x = S.reshape(S.transpose(x, axes=(0, 2, 1, 3)), shape=(0, 0, -3), name="join")
    x = S.LayerNorm(S.FullyConnected(x, num_hidden=12, flatten=False, name="proj") + data, eps=1e-5, name="norm")
    return S.LeakyReLU(S.FullyConnected(x, num_hidden=6, flatten=False, name="ffn"), act_type="gelu", name="gelu")


def operator_nets():
    """One small net for each operator or form that the nets above do not have: name to (symbol, shape of the input)."""
    x = S.Variable("data")
    image, row = (2, 4, 7, 6), (3, 8)
    conv = S.Convolution(x, kernel=(3, 3), num_filter=4, name="c")
    nets = {f"leaky_{act}": (S.LeakyReLU(x, act_type=act, name="act", **more)[0], image) for act, more in (
        ("leaky", {}), ("prelu", {}), ("elu", {"slope": 0.5}), ("selu", {}), ("gelu", {}), ("rrelu", {}))}
    nets.update({f"activation_{act}": (S.Activation(x, act_type=act, name="act"), image)
                 for act in ("relu", "sigmoid", "tanh", "softrelu", "softsign")})
    nets.update({f"pool_{name}": (S.Pooling(x, name="pool", **form), image) for name, form in {
        "avg_full_pad": dict(kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="avg", pooling_convention="full"),
        "avg_full": dict(kernel=(3, 2), stride=(2, 2), pool_type="avg", pooling_convention="full"),
        "avg_exclude": dict(kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="avg", count_include_pad=False),
        "avg_exclude_full": dict(kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="avg", count_include_pad=False,
                                 pooling_convention="full"),
        "max_pad": dict(kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max"),
        "max_full_pad": dict(kernel=(3, 2), stride=(2, 3), pad=(1, 1), pool_type="max", pooling_convention="full"),
        "global_max": dict(kernel=(7, 7), global_pool=True, pool_type="max"),
    }.items()})
    nets.update({
        "conv_forms": (S.Convolution(x, kernel=(3, 2), stride=(2, 1), dilate=(2, 1), pad=(1, 0), num_group=2,
                                     num_filter=6, name="c"), image),
        "conv_line": (S.Convolution(x, kernel=(3,), num_filter=5, name="c"), (2, 4, 9)),
        "deconvolution": (S.Deconvolution(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), adj=(1, 1), num_filter=3,
                                          no_bias=False, name="d"), image),
        "norm_axis": (S.BatchNorm(S.FullyConnected(x, num_hidden=5, name="f"), fix_gamma=False, eps=0.01, name="n"), row),
        "norms": (S.InstanceNorm(S.L2Normalization(S.LRN(x, nsize=3, alpha=0.1, name="lrn"), mode="channel", name="l2"),
                                 name="instance"), image),
        "dense_image": (S.FullyConnected(x, num_hidden=5, name="f"), image),
        "dense_no_bias": (S.FullyConnected(x, num_hidden=5, no_bias=True, flatten=False, name="f"), image),
        "scalars": (1.0 / (2.0 + S.abs(3.0 - (x * 0.5 - 1.0) ** 2.0)) + S.sqrt(S.square(x) + 0.25) / 3.0, image),
        "binary": (S.broadcast_add(conv, S.mean(conv, axis=(2, 3), keepdims=True)) * conv - conv
                   / (S.exp(S.negative(conv)) + 1.0), image),
        "limits": (S.broadcast_maximum(S.maximum(x, 0.1), S.minimum(x, 0.4) * 2.0), image),
        "add_n": (S.add_n(x, x * 2.0, S.tanh(x), name="sum"), image),
        "reduce": (S.Concat(S.sum(x, axis=(2, 3)), S.mean(x, axis=(0, 1), exclude=True), S.max(x, axis=(2, 3)), S.min(x, axis=(-1, 2)), dim=1), image),
        "reshape_minus2": (S.reshape(x, shape=(-2, 1, 1), name="r"), image),
        "reshape_minus3": (S.reshape(S.reshape(x, shape=(0, -3, -1), name="r"), shape=(0, -1, 2), name="s"), image),
        "reshape_reverse": (S.reshape(x, shape=(0, -1, 0, 3), reverse=True, name="r"), image),
        "axes": (S.squeeze(S.expand_dims(S.SwapAxis(S.transpose(x), dim1=0, dim2=3), axis=1), axis=1), image),
        "slices": (S.Concat(S.slice_axis(x, axis=3, begin=1, end=-1),
                            S.slice(x, begin=(None, 0, 2), end=(None, 4, 9), step=(None, 1, 1)).slice_axis(
                                axis=3, begin=2, end=6), dim=2), image),
        "split": (S.Group([part * 2.0 for part in S.SliceChannel(x, num_outputs=2, axis=1, name="s")]), image),
        "split_squeeze": (S.SliceChannel(x, num_outputs=4, axis=1, squeeze_axis=True, name="s")[2], image),
        "pad": (S.Pad(S.Pad(x, mode="constant", constant_value=0.5, pad_width=(0, 0, 0, 0, 1, 2, 0, 1)), mode="edge",
                      pad_width=(0, 0, 0, 0, 0, 1, 2, 0)), image),
        "upsampling": (S.UpSampling(x, scale=2, sample_type="nearest", name="u"), image),
        "softmax_channel": (S.softmax(x, axis=1, temperature=2.0, name="s"), image),
        "log_softmax": (S.log_softmax(x, name="s"), row),
        "softmax_output_multi": (S.SoftmaxOutput(conv, multi_output=True, name="softmax"), image),
        "softmax_output_flat": (S.SoftmaxOutput(conv, name="softmax"), image),
        "softmax_activation": (S.SoftmaxActivation(conv, mode="channel", name="s"), image),
        "logistic": (S.LogisticRegressionOutput(S.FullyConnected(x, num_hidden=3, name="f"), name="out"), row),
        "linear": (S.LinearRegressionOutput(S.FullyConnected(x, num_hidden=3, name="f"), name="out"), row),
        "embedding": (S.Embedding(S.abs(x) * 2.0, input_dim=30, output_dim=4, name="e"), row),
        "depth_space": (S.space_to_depth(S.depth_to_space(x, block_size=2), block_size=2), image),
        "tile_repeat": (S.tile(x, reps=(1, 1, 2, 1)), image),
    })
    return nets


def save(folder, name, symbol, shape, rng):
    """Writes symbol and random parameters, and what MXNet computes for a random input."""
    args, _, auxes = symbol.infer_shape(data=shape)
    arrays = {}
    for kind, names, shapes in (("arg", symbol.list_arguments(), args),
                                ("aux", symbol.list_auxiliary_states(), auxes)):
        for key, size in zip(names, shapes):
            low, high = (0.5, 1.5) if key.endswith(("gamma", "var")) else (-0.6, 0.6)
            arrays[f"{kind}:{key}"] = mx.nd.array(rng.uniform(low, high, size).astype(np.float32))
    weights = {key: value for key, value in arrays.items() if not key.endswith((":data", "label"))}
    symbol.save(str(folder / f"{name}-symbol.json"))
    mx.nd.save(str(folder / f"{name}-0000.params"), weights)
    run(folder, name, symbol, weights, rng.uniform(-2, 2, shape).astype(np.float32))


def run(folder, name, symbol, weights, x):
    plain = {key[4:]: value for key, value in weights.items()}
    args = {key: plain[key] for key in symbol.list_arguments() if key in plain}
    args["data"] = mx.nd.array(x)
    for label in (key for key in symbol.list_arguments() if key.endswith("label")):
        shapes = dict(zip(symbol.list_arguments(), symbol.infer_shape(data=x.shape)[0]))
        args[label] = mx.nd.zeros(shapes[label])
    auxes = {key: plain[key] for key in symbol.list_auxiliary_states()}
    outputs = symbol.bind(mx.cpu(), args, aux_states=auxes, grad_req="null").forward(is_train=False)
    np.save(folder / f"{name}-input.npy", x)
    for i, y in enumerate(outputs):
        np.save(folder / f"{name}-output{i or ''}.npy", y.asnumpy())


def save_gluon(folder, name, net, shape, rng):
    net.initialize(mx.init.Uniform(0.6))
    net.hybridize()
    net(mx.nd.zeros(shape))
    for key, parameter in net.collect_params().items():
        low, high = (0.5, 1.5) if key.endswith(("gamma", "var")) else (-0.6, 0.6)
        parameter.set_data(mx.nd.array(rng.uniform(low, high, parameter.shape).astype(np.float32)))
    net(mx.nd.zeros(shape))
    net.export(str(folder / name), epoch=0)
    symbol = mx.sym.load(str(folder / f"{name}-symbol.json"))
    run(folder, name, symbol, mx.nd.load(str(folder / f"{name}-0000.params")),
        rng.uniform(-2, 2, shape).astype(np.float32))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(21)
    mx.random.seed(21)
    save(folder, "module", module_net(), (2, 3, 31, 30), rng)
    save_gluon(folder, "gluon", gluon_net(), (2, 3, 32, 32), rng)
    save(folder, "attention", attention_net(), (2, 5, 12), rng)
    for name, (symbol, shape) in operator_nets().items():
        save(folder, name, symbol, shape, rng)
    typed = {"arg:" + np.dtype(t).name: mx.nd.array(np.arange(6).reshape(2, 3), dtype=t)
             for t in (np.float32, np.float64, np.float16, np.uint8, np.int8, np.int32, np.int64)}
    mx.nd.save(str(folder / "types.params"), typed)
    mx.nd.save(str(folder / "no_names.params"), list(typed.values())[:2])
    mx.nd.save(str(folder / "sparse.params"), {"arg:w": mx.nd.array(np.eye(3)).tostype("csr")})


if __name__ == "__main__":
    main()
