"""Keypoints and mattes of the prepared people, by a teacher: BlazePose (arXiv 2006.10204).

    pip install ai-edge-litert && npm pack @mediapipe/pose      # and unpack pose_landmark_heavy.tflite (Apache-2.0)
    python -m fice.training.recipes.keypoints --data PREPARED --model pose_landmark_heavy.tflite

Writes PREPARED/keypoints.npz, from which `fice.training.recipes.pose` learns; nothing of the teacher is used
afterwards.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from fice.errors import InputError, WeightsError
from fice.subject.pose import KEYPOINTS, swapped
from fice.training.data.dataset import load_framed

FILE = "keypoints.npz"
TEACHER = (0, 7, 8, 11, 12, 13, 14, 15, 16, 19, 20, 23, 24, 25, 26, 27, 28, 31, 32)  # of its 33, in our order
SEEN, MARGIN = 256, 300 / 256  # pixels of its square input, and the square over a person's height


@dataclass(frozen=True)
class Taught:
    """What the teacher says of N people on canvases (H, W).

    points: (N, K, 3) float32, x and y in canvas pixels and the chance to be seen, in the order of `KEYPOINTS`.
    mattes: (N, H, W) uint8, 255 where the person is.
    """

    points: np.ndarray
    mattes: np.ndarray


def load_taught(folder: Path | str) -> Taught:
    """What `main` wrote into a prepared folder; InputError where it did not."""
    path = Path(folder) / FILE
    if not path.is_file():
        raise InputError(f"{path} is missing: python -m fice.training.recipes.keypoints --data {folder} writes it.")
    with np.load(path, allow_pickle=False) as file:
        return Taught(file["points"], file["mattes"])


class Teacher:
    """BlazePose by a file of its weights. Raises WeightsError where it, or what runs it, is missing."""

    def __init__(self, model: Path, threads: int = 1):
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise WeightsError("The teacher is run by another package: pip install ai-edge-litert") from error
        if not model.is_file():
            raise WeightsError(f"There is no {model}: npm pack @mediapipe/pose brings pose_landmark_heavy.tflite.")
        self.network = Interpreter(str(model), num_threads=threads)
        self.network.allocate_tensors()

    def __call__(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points (K, 3) and matte (H, W) of one person on a canvas (H, W, 3) uint8.

        Points are the mean of those in the picture and in its mirror image: toes, which it draws to one side, and knees
        under cloth differ by more than a tenth of the torso's length.
        """
        (points, matte), (mirror, _) = self.look(picture), self.look(np.ascontiguousarray(picture[:, ::-1]))
        mirror = mirror[swapped(KEYPOINTS)]
        mirror[:, 0] = picture.shape[1] - mirror[:, 0]
        return (points + mirror) / 2, matte

    def look(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same of one look."""
        height, width = picture.shape[:2]
        side = round(height * MARGIN)
        top, left = (side - height) // 2, (side - width) // 2
        square = Image.new("RGB", (side, side), (255, 255, 255))
        square.paste(Image.fromarray(picture), (left, top))
        seen = np.asarray(square.resize((SEEN, SEEN), Image.Resampling.BICUBIC), np.float32) / 255
        self.network.set_tensor(self.network.get_input_details()[0]["index"], seen[None])
        self.network.invoke()
        found = [self.network.get_tensor(output["index"]) for output in self.network.get_output_details()]
        marks = next(each for each in found if each.shape[-1] == 195).reshape(39, 5)[list(TEACHER)]
        matte = next(each for each in found if each.shape == (1, SEEN, SEEN, 1))[0, :, :, 0]
        points = np.stack([marks[:, 0] * side / SEEN - left, marks[:, 1] * side / SEEN - top, _sigmoid(marks[:, 3])], 1)
        soft = _sigmoid(matte) if matte.min() < 0 else matte
        whole = Image.fromarray((soft * 255).round().astype(np.uint8)).resize((side, side), Image.Resampling.BILINEAR)
        return points.astype(np.float32), np.asarray(whole)[top : top + height, left : left + width]


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the prepared folder")
    parser.add_argument("--model", type=Path, required=True, help="pose_landmark_heavy.tflite")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    teacher, framed = Teacher(args.model, args.threads), load_framed(args.data)
    taught = [teacher(picture) for picture in tqdm(framed.pictures, unit="person", mininterval=5)]
    points, mattes = (np.stack(column) for column in zip(*taught, strict=True))
    if points.shape[1:] != (len(KEYPOINTS), 3):
        raise WeightsError(f"{args.model} is another network than pose_landmark_heavy.tflite: name that.")
    np.savez_compressed(args.data / FILE, points=points, mattes=mattes)


if __name__ == "__main__":
    main()
