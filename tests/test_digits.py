"""The shipped digits, against figures taken from scikit-learn's copy with awk."""

import zipfile
from importlib.resources import files

import numpy as np
import pytest

import symgraph as sg
from symgraph.errors import KindError, RangeError
from symgraph.zoo import convolution, digits

DATA = files("symgraph") / "data"

# The UCI page of the data set prints the same ten counts for the test set.
CLASS_COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]

FIRST_IMAGE = [
    [0, 0, 5, 13, 9, 1, 0, 0],
    [0, 0, 13, 15, 10, 15, 5, 0],
    [0, 3, 15, 2, 0, 11, 8, 0],
    [0, 4, 12, 0, 0, 8, 8, 0],
    [0, 5, 8, 0, 0, 9, 8, 0],
    [0, 4, 11, 0, 1, 12, 7, 0],
    [0, 2, 14, 5, 10, 12, 0, 0],
    [0, 0, 6, 13, 10, 0, 0, 0],
]
LAST_IMAGE = [
    [0, 0, 10, 14, 8, 1, 0, 0],
    [0, 2, 16, 14, 6, 1, 0, 0],
    [0, 0, 15, 15, 8, 15, 0, 0],
    [0, 0, 5, 16, 16, 10, 0, 0],
    [0, 0, 12, 15, 15, 12, 0, 0],
    [0, 4, 16, 6, 4, 16, 6, 0],
    [0, 8, 16, 10, 8, 16, 8, 0],
    [0, 1, 8, 12, 14, 12, 1, 0],
]
# How many pixels hold 0, 1, .. 16.
PIXEL_COUNTS = [
    *(56272, 4095, 3296, 2944, 3261, 2803, 2559, 2627, 3464),
    *(2585, 2711, 2845, 3668, 3509, 3609, 4304, 10456),
]


def test_load_gives_float_images_and_integer_labels():
    images, labels = digits.load()

    assert (images.shape, images.dtype) == ((1797, 8, 8), np.float64)
    assert (labels.shape, labels.dtype) == ((1797,), np.int64)


def test_pixels_are_sixteenths_from_zero_to_one():
    images, _ = digits.load()

    assert (images.min(), images.max()) == (0, 1)
    assert np.bincount((images * 16).astype(int).ravel()).tolist() == PIXEL_COUNTS
    assert images.sum() * 16 == 561_718


def test_images_are_the_ones_of_the_source_in_its_order():
    images, labels = digits.load()

    assert (images[0] * 16).tolist() == FIRST_IMAGE
    assert (images[-1] * 16).tolist() == LAST_IMAGE
    assert labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert labels[-6:].tolist() == [4, 9, 0, 8, 9, 8]
    assert np.bincount(labels).tolist() == CLASS_COUNTS
    # Sums weighted by the place of the pixel (1 .. 64) and of the line (1 .. 1797).
    assert (images.reshape(-1, 64) * 16 @ np.arange(1, 65)).sum() == 18_222_371
    assert labels @ np.arange(1, 1798) == 7_272_861


def test_every_load_is_a_fresh_array():
    images, labels = digits.load()
    images[0] = -1
    labels[0] = -1

    assert digits.load()[0][0, 0, 2] == 5 / 16
    assert digits.load()[1][0] == 0


def test_split_divides_the_digits_into_1437_and_360():
    x_train, y_train, x_test, y_test = digits.split()

    assert x_train.shape == (1437, 8, 8)
    assert y_train.shape == (1437,)
    assert x_test.shape == (360, 8, 8)
    assert y_test.shape == (360,)
    assert (x_train.sum() + x_test.sum()) * 16 == 561_718
    assert (np.bincount(y_train) + np.bincount(y_test)).tolist() == CLASS_COUNTS


def test_split_keeps_every_image_with_its_label():
    images, labels = digits.load()
    label_of = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    x_train, y_train, x_test, y_test = digits.split(key=5)

    assert len(label_of) == 1797  # no image occurs twice
    assert [label_of[image.tobytes()] for image in x_train] == y_train.tolist()
    assert [label_of[image.tobytes()] for image in x_test] == y_test.tolist()


def test_the_key_chooses_the_split_and_repeats_it():
    pinned = [7, 1, 8, 3, 7, 0, 3, 1, 8, 1]

    assert digits.split()[1][:10].tolist() == pinned
    assert digits.split(key=0)[1][:10].tolist() == pinned
    assert digits.split(key=1)[1].tolist() != digits.split(key=0)[1].tolist()


def test_a_bad_key_is_refused():
    with pytest.raises(RangeError, match="seed is -1"):
        digits.split(key=-1)
    with pytest.raises(KindError, match="seed is 'a'"):
        digits.split(key="a")


def test_the_archive_is_small_bytes_and_holds_no_pickle():
    with (DATA / "digits.npz").open("rb") as file, zipfile.ZipFile(file) as archive:
        assert sum(entry.compress_size for entry in archive.infolist()) < 100_000
    with (DATA / "digits.npz").open("rb") as file, np.load(file, allow_pickle=False) as archive:
        assert {name: archive[name].dtype for name in archive} == {
            "images": np.uint8,
            "labels": np.uint8,
        }


def test_the_licence_of_the_data_lies_beside_them():
    text = (DATA / "DIGITS_LICENSE.txt").read_text(encoding="utf-8")

    assert "CC BY 4.0" in text
    assert "10.24432/C50P49" in text


def test_a_moved_image_is_turned_by_10_degrees_scaled_by_a_tenth_and_shifted_by_0_7_at_most():
    rows, columns = np.indices((1, 8, 8))[1:] * 1.0
    down, right = (digits.moved(ramp, 300, key=3)[:, 3:5, 3:5] for ramp in (rows, columns))

    # Between pixels a ramp is itself, so that it tells from where each pixel was read.
    tilt = np.sin(np.pi / 18) * np.exp(0.1)
    steps = np.diff(down, axis=1)
    assert np.exp(-0.1) * np.cos(np.pi / 18) <= steps.min() < 0.92
    assert 1.08 < steps.max() <= np.exp(0.1)
    assert 0.9 * tilt < np.abs(np.diff(down, axis=2)).max() <= tilt
    middle = np.stack([down, right]).mean(axis=(2, 3)) - 3.5
    assert 0.65 < np.abs(middle).max() <= 0.7 + 1e-12
    assert np.abs(middle.mean()) < 0.1


def test_moved_images_come_copy_after_copy_and_another_key_moves_them_otherwise():
    images, _ = digits.load()
    copies = digits.moved(images[:5], 3, key=1)

    assert copies.shape == (15, 8, 8)
    assert copies.min() >= 0
    assert copies.max() <= 1
    assert digits.moved(images[:5], 0).shape == (0, 8, 8)
    assert not np.allclose(copies, digits.moved(images[:5], 3, key=2))
    for k in range(15):
        overlap = [np.corrcoef(copies[k].ravel(), image.ravel())[0, 1] for image in images[:5]]
        assert int(np.argmax(overlap)) == k % 5


def test_a_deep_network_learns_from_few_digits_what_others_are():
    x_train, y_train, x_test, y_test = digits.split()
    net = convolution.deep_digits_cnn(maps=(8, 8, 16), hidden=32)
    model = sg.Model(
        net.loss, [net.x, net.y], metrics={"accuracy": sg.metrics.accuracy(net.logits, net.y)}
    )
    data = {"image": x_train[:300], "label": y_train[:300]}
    losses = model.fit(data, epochs=10, optimizer=sg.optim.Adam(5e-3))["loss"]

    assert losses[-1] < losses[0] / 2
    assert model.evaluate({"image": x_test, "label": y_test})["accuracy"] > 0.6
