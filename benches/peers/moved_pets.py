"""Twenty PETs of the peers' phantom, each moved by a random rigid motion of up to 20 degrees and 50 mm.

    PEERS_DATA=DIR python moved_pets.py PEERS_ENGINE_FOLDER [COUNT]

Writes DIR/moved/NN.npy and DIR/moved/truth.json: for each the matrix (rows) and the shift in mm that take a
point of the CT to where it lies in the moved PET. The body is evaluated at its new place, not resampled; what
leaves the scanner's field of view is gone. Rotations: angle even from 0 to 20 degrees about axes even over the
sphere; shifts: length even from 0 to 50 mm, directions even over the sphere.
"""
import json
import os
import pathlib
import sys

import numpy as np
from scipy.spatial.transform import Rotation

sys.path.insert(0, sys.argv[1])
import phantom

SEED = 20261129


def direction(rng):
    v = rng.standard_normal(3)
    return v / np.linalg.norm(v)


def main():
    folder = pathlib.Path(os.environ["PEERS_DATA"]) / "moved"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    truth = []
    for n in range(int(sys.argv[2]) if len(sys.argv) > 2 else 20):
        turn = Rotation.from_rotvec(np.radians(rng.uniform(0, 20)) * direction(rng))
        shift = rng.uniform(0, 50) * direction(rng)
        motion = phantom.Rigid(tuple(turn.as_euler("xyz", degrees=True)), tuple(shift))
        assert np.allclose(motion.matrix, turn.as_matrix())
        path = folder / f"{n:02}.npy"
        if not path.exists():
            np.save(path, phantom.make_pet(moved=motion))
        truth.append({"matrix": motion.matrix.tolist(), "shift_mm": list(motion.shift)})
        (folder / "truth.json").write_text(json.dumps(truth, indent=1))
        print(path, flush=True)


main()
