#!/usr/bin/env python3
"""`vestibule dose iso` against scikit-image's marching_cubes on the same RT Dose files: area, volume, whether both are closed.

Needs pydicom, numpy, scikit-image. Levels are parts of each file's maximum. The array gets a border of nothing, as the
surface here is closed where the volume ends. Exit code 1 when a volume or an area differs by more than --percent, or the mesh is open.
Usage: isosurface.py VESTIBULE_BINARY DOSE.dcm... [--levels 0.2,0.5,0.9] [--percent 0.5]
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import pydicom
from skimage import measure

p = argparse.ArgumentParser()
p.add_argument("binary")
p.add_argument("doses", nargs="+")
p.add_argument("--levels", default="0.2,0.5,0.9")
p.add_argument("--percent", type=float, default=0.5)
a = p.parse_args()


def read_ply(path):
    raw = pathlib.Path(path).read_bytes()
    head, body = raw.split(b"end_header\n", 1)
    words = head.decode().split()
    n, m = (int(words[words.index(k) + 1]) for k in ("vertex", "face"))
    corners = np.frombuffer(body, "<f4", 6 * n).reshape(n, 6).astype(float)
    faces = np.frombuffer(body, np.dtype([("n", "u1"), ("i", "<i4", 3)]), m, 24 * n)["i"]
    return corners[:, :3], corners[:, 3:], faces


def figures(corners, faces):
    x, y, z = (corners[faces[:, k]] for k in range(3))
    middle = corners.mean(axis=0)
    area = np.linalg.norm(np.cross(y - x, z - x), axis=1).sum() / 2
    volume = np.einsum("ij,ij->i", x - middle, np.cross(y - middle, z - middle)).sum() / 6
    return volume, area


def closed(faces):
    """Every edge once each way."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    there, back = (set(map(tuple, e)) for e in (edges, edges[:, ::-1]))
    return len(there) == len(edges) and there == back


bad = False
for number, file in enumerate(a.doses, 1):
    d = pydicom.dcmread(file)
    # As stored in f32.
    dose = (d.pixel_array * float(d.DoseGridScaling)).astype("f4").astype(float)
    offsets = np.array(d.GridFrameOffsetVector, float)
    spacing = [abs(offsets[1] - offsets[0]), *map(float, d.PixelSpacing)]
    for part in map(float, a.levels.split(",")):
        level = float(part * dose.max())
        with tempfile.TemporaryDirectory() as scratch:
            out = scratch + "/iso.ply"
            started = time.time()
            said = json.loads(subprocess.run([a.binary, "dose", "iso", file, "--gy", repr(level), "--out", out, "--json"],
                                             check=True, capture_output=True).stdout)
            ours_s = time.time() - started
            corners, normals, faces = read_ply(out)
        volume, area = figures(corners, faces)
        assert abs(volume / 1000 / said["volume_cm3"] - 1) < 1e-4 and abs(area / 100 / said["area_cm2"] - 1) < 1e-4
        # Normals look the way the triangles do.
        n = np.cross(corners[faces[:, 1]] - corners[faces[:, 0]], corners[faces[:, 2]] - corners[faces[:, 0]])
        outward = (np.einsum("ij,ij->i", n, normals[faces].sum(axis=1)) > 0)[np.linalg.norm(n, axis=1) > 1e-3].mean()
        started = time.time()
        v, f, _, _ = measure.marching_cubes(np.pad(dose, 1), level, spacing=spacing)
        theirs_s = time.time() - started
        theirs_volume, theirs_area = figures(v, f)
        off = [100 * (x / abs(y) - 1) for x, y in ((volume, theirs_volume), (area, theirs_area))]
        is_closed = closed(faces)
        bad |= max(map(abs, off)) > a.percent or not is_closed or outward < 0.99
        print(f"dose {number}, {part:.0%} of its maximum: volume {volume / 1000:.4f} cm3, scikit-image {abs(theirs_volume) / 1000:.4f} "
              f"({off[0]:+.3f} %); area {area / 100:.3f} cm2, {theirs_area / 100:.3f} ({off[1]:+.3f} %); {len(faces)} and {len(f)} "
              f"triangles; closed: {is_closed}, scikit-image {closed(f)}; normals outward {outward:.2%}; "
              f"{ours_s:.2f} s with reading the file, scikit-image {theirs_s:.2f} s")
sys.exit(bool(bad))  # numpy's own bool is no exit code
