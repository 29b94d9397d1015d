#!/usr/bin/env python3
"""Writes transforms/*.npy: what Pillow, OpenCV and TensorFlow make of one picture. Usage: make_transform_golden.py FOLDER

Needs pillow, opencv-python-headless, tensorflow-cpu; PROVENANCE.md has the versions. A transform of LPOT that is more
than one call of a library is written out here as LPOT has it, with its axes put right where they are swapped.
"""
import io
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import cv2
import numpy as np
import tensorflow as tf
from PIL import Image, ImageEnhance

HEIGHT, WIDTH = 13, 17
IMAGENET_MEAN, IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def scene(height, width, seed=0):
    """Smooth colours with a little noise, as in make_data_golden.py."""
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(seed).integers(0, 40, (height, width, 3))
    return (np.stack([x * 200 // width, y * 200 // height, (x + y) * 100 // (width + height)], -1) + noise).astype(np.uint8)


CV2 = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC, "area": cv2.INTER_AREA}
PIL = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}


def resized(library, picture, height, width, method="bilinear"):
    if library == "opencv":
        return np.atleast_3d(cv2.resize(picture, (width, height), interpolation=CV2[method]))
    if library == "tensorflow":
        return tf.image.resize(picture, (height, width), method=method).numpy()
    return np.asarray(Image.fromarray(picture).resize((width, height), PIL[method]))


def resampled():
    picture, even = scene(HEIGHT, WIDTH), scene(12, 16, 1)
    floats = picture.astype(np.float32) / np.float32(7)
    result = {"scene": picture, "even": even, "floats": floats}
    for library, methods in (("opencv", CV2), ("tensorflow", PIL)):
        for method in methods:
            for height, width in ((8, 8), (26, 23), (9, 24), (20, 17)):
                result[f"{library}_{method}_{height}x{width}"] = resized(library, picture, height, width, method)
            result[f"{library}_{method}_floats"] = resized(library, floats, 7, 21, method)
            result[f"{library}_{method}_half"] = resized(library, even, 6, 8, method)
            result[f"{library}_{method}_blocks"] = resized(library, even, 4, 4, method)
    return result


def bilinear_imagenet(library, picture, height, width, fraction, mean, scale):
    if library == "tensorflow":
        image = tf.image.convert_image_dtype(picture, tf.float32)
        image = tf.image.central_crop(image, fraction)
        image = tf.image.resize(image, [height, width])
        return (((image - 0.5) * 2.0 - tf.constant(mean)) * scale).numpy()
    image = picture.astype("float32") / 255.0
    top = int((image.shape[0] - image.shape[0] * fraction) / 2)
    left = int((image.shape[1] - image.shape[1] * fraction) / 2)
    image = image[top:image.shape[0] - top, left:image.shape[1] - left]
    image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    return (((image - 0.5) * 2.0 - np.array(mean)) * scale).astype(np.float32)


def resize_crop_imagenet(library, picture, height, width, side, mean, scale):
    shorter = min(picture.shape[:2])
    if library == "tensorflow":
        new = [int(tf.math.rint(np.float32(n) * (np.float32(side) / np.float32(shorter)))) for n in picture.shape[:2]]
        image = tf.image.resize(picture, new)
        image = tf.image.crop_to_bounding_box(image, (new[0] - height) // 2, (new[1] - width) // 2, height, width)
        return ((image - tf.constant(mean)) * scale).numpy()
    new = [int(n * (side / shorter)) for n in picture.shape[:2]]
    image = cv2.resize(picture, (new[1], new[0])) / 255.0
    top, left = (new[0] - height) // 2, (new[1] - width) // 2
    image = (image[top:top + height, left:left + width] - mean) / IMAGENET_STD
    return image.astype(np.float32).transpose(2, 0, 1)


def ratio(library, picture, least, most, padding, value):
    height, width = picture.shape[:2]
    scale = max(1, least / min(height, width))
    if round(max(height, width) * scale) > most:
        scale = most / max(height, width)
    image = resized(library, picture, round(height * scale), round(width * scale)) if scale != 1 else picture
    if padding:
        top, left = (most - image.shape[0]) // 2, (most - image.shape[1]) // 2
        image = np.pad(image, [[top, most - image.shape[0] - top], [left, most - image.shape[1] - left], [0, 0]],
                       constant_values=value)
    return image


def imagenet():
    picture = scene(HEIGHT, WIDTH)
    upright = np.ascontiguousarray(picture.transpose(1, 0, 2))
    result = {"upright": upright}
    mean = [0.1, 0.2, 0.3]
    for library in ("opencv", "tensorflow"):
        result[f"bilinear_imagenet_{library}"] = bilinear_imagenet(library, picture, 8, 9, 0.875, mean, 0.5)
        result[f"bilinear_imagenet_half_{library}"] = bilinear_imagenet(library, picture, 20, 21, 0.5, [0.0], 1.0)
        for name, of in (("wide", picture), ("upright", upright)):
            means = IMAGENET_MEAN if library == "opencv" else [123.68, 116.78, 103.94]
            result[f"resize_crop_{name}_{library}"] = resize_crop_imagenet(library, of, 8, 9, 10, means, 0.017)
    # The longer side is cut off after the product with the quotient; see ResizeWithAspectRatio.
    new_height, new_width = int(100.0 * 8 / 87.5), int(100.0 * 9 / 87.5)
    result["aspect_wide"] = resized("opencv", picture, new_height, int(new_width * WIDTH / HEIGHT), "area")
    result["aspect_upright"] = resized("opencv", upright, int(new_height * WIDTH / HEIGHT), new_width, "area")
    for library in ("opencv", "tensorflow", "pillow"):
        result[f"ratio_{library}"] = ratio(library, picture, 20, 24, True, 7)
        result[f"ratio_shrinks_{library}"] = ratio(library, picture, 4, 10, False, 0)
        result[f"crop_resize_{library}"] = resized(library, np.ascontiguousarray(picture[3:11, 2:14]), 6, 9)
    side = int(10 / (10 + 4) * HEIGHT)
    top, left = (HEIGHT - side + 1) // 2, (WIDTH - side + 1) // 2
    result["padded_center_crop"] = picture[top:top + side, left:left + side]
    result["shorter_side"] = resized("pillow", picture, 10, int(10 * WIDTH / HEIGHT))
    return result


def colours():
    picture = scene(HEIGHT, WIDTH)
    # Every colour of a coarse grid, so that each sixth of the circle of hues is there, and greys.
    grid = np.stack(np.meshgrid(*[np.array([0, 37, 128, 200, 255], np.uint8)] * 3), -1).reshape(5, 25, 3)
    image = Image.fromarray(grid)
    result = {"colours": grid, "grey": np.asarray(Image.fromarray(picture).convert("L"))[..., None]}
    for name, enhance, factor in (("brightness_up", ImageEnhance.Brightness, 1.4), ("brightness_down", ImageEnhance.Brightness, 0.3),
                                  ("contrast_up", ImageEnhance.Contrast, 1.7), ("contrast_down", ImageEnhance.Contrast, 0.25),
                                  ("saturation_up", ImageEnhance.Color, 1.6), ("saturation_down", ImageEnhance.Color, 0.4)):
        result[name] = np.asarray(enhance(image).enhance(factor))
    for name, factor in (("hue_up", 0.2), ("hue_down", -0.45)):
        # torchvision.transforms.functional_pil.adjust_hue
        hue, saturation, value = image.convert("HSV").split()
        shifted = np.asarray(hue, np.uint8) + np.int32(factor * 255).astype(np.uint8)
        result[name] = np.asarray(Image.merge("HSV", (Image.fromarray(shifted), saturation, value)).convert("RGB"))
    for quality, name in ((95, "jpeg_95"),):
        encoded = tf.io.encode_jpeg(picture, quality=quality).numpy()
        result[name] = np.asarray(Image.open(io.BytesIO(encoded)))
    for mode in ("edge", "reflect", "symmetric"):
        result[f"pad_{mode}"] = np.pad(picture, ((2, 4), (3, 5), (0, 0)), mode=mode)
    result["pad_constant"] = np.pad(picture, ((2, 4), (3, 5), (0, 0)), constant_values=9)
    return result


def main():
    folder = os.path.join(sys.argv[1], "transforms")
    os.makedirs(folder, exist_ok=True)
    for name, array in {**resampled(), **imagenet(), **colours()}.items():
        np.save(os.path.join(folder, name + ".npy"), array)


main()
