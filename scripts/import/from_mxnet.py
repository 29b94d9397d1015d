"""What MXNet itself computes with a model: no conversion, only the arrays that a reader of its files is compared with."""

import common


def mxnet(request):
    import mxnet as mx
    import numpy as np

    symbol = mx.sym.load(request["source"])
    weights = {key.split(":", 1)[-1]: value for key, value in mx.nd.load(request["params"]).items()}
    arguments = symbol.list_arguments()
    names = [name for name in request["inputs"] if name in arguments]
    rng = np.random.default_rng(common.SEED)
    feeds = {name: common.random_array(common.concrete_shape(name, request["shapes"][name], {}, len(names)), "float32", rng)
             for name in names}
    sizes = dict(zip(arguments, symbol.infer_shape(**{name: x.shape for name, x in feeds.items()})[0]))
    # What is neither a weight nor an input is a label, whose values change nothing.
    values = {name: mx.nd.array(feeds[name]) if name in feeds else weights.get(name, mx.nd.zeros(sizes[name]))
              for name in arguments}
    states = {name: weights[name] for name in symbol.list_auxiliary_states()}
    results = symbol.bind(mx.cpu(), values, aux_states=states, grad_req="null").forward(is_train=False)
    outputs = [(name, y.asnumpy()) for name, y in zip(request["outputs"], results)]
    return common.result(request["folder"], list(feeds.items()), outputs, {"mxnet": mx.__version__})
