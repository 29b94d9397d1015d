"""Golden values of src/strategy/gp: posteriors and likelihoods of a Gaussian process by scikit-learn.

A categorical point becomes its one-hot code divided by sqrt(2), so that the squared Euclidean distance of two codes is
the number of coordinates in which they differ. Output: C++ initialisers, for gp_golden.inc.
"""
import numpy
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

PLACES = [3, 2, 4, 2, 5]


def one_hot(points):
    rows = []
    for point in points:
        row = []
        for place, count in zip(point, PLACES):
            row += [float(place == p) for p in range(count)]
        rows.append(row)
    return numpy.array(rows) / numpy.sqrt(2)


def text(values):
    return "{" + ", ".join(repr(float(v)) for v in values) + "}"


def main():
    rng = numpy.random.default_rng(7)
    for count, length, signal, noise in [(2, 1.0, 1.0, 0.1), (12, 0.8, 1.7, 0.05), (40, 2.5, 0.6, 0.3)]:
        seen = rng.integers(0, PLACES, size=(count, len(PLACES)))
        targets = rng.normal(size=count)
        asked = rng.integers(0, PLACES, size=(6, len(PLACES)))
        kernel = ConstantKernel(signal**2) * Matern(length_scale=length, nu=2.5)
        process = GaussianProcessRegressor(kernel, alpha=noise**2, optimizer=None).fit(one_hot(seen), targets)
        mean, deviation = process.predict(one_hot(asked), return_std=True)
        points = lambda all: "{" + ", ".join("{" + ", ".join(map(str, p)) + "}" for p in all.tolist()) + "}"
        print(f"GoldenProcess{{{{{length}, {signal}, {noise}}},\n{points(seen)},\n{text(targets)},\n{points(asked)},\n"
              f"{text(mean)},\n{text(deviation**2)},\n{float(process.log_marginal_likelihood_value_)!r}}},")


if __name__ == "__main__":
    main()
