#!/usr/bin/env python3
"""Distance fields of structures (`game/geometry`, contour::distance) held to SimpleITK's SignedMaurerDistanceMap.

Four solids given by formulas are outlined on planes; the field of the outlines is read at the places of a fine mask of the *formula*, and held to
SimpleITK's distances, which run to middles of voxels: outside to the nearest voxel inside, inside to the nearest one outside. Such a middle lies 0 (slanting
faces: there is always one near) to half a fine voxel (faces along the axes) beyond the surface; a quarter is taken off, so SimpleITK's own error is a quarter
of 0.25 mm. Two convex ones are also held to the formula. Allowed within 10 mm of the surface: on average 0.1 mm, at worst half a plane's distance and a
fine voxel; volumes of the margins of -5, 0 and +5 mm within 2 % of SimpleITK's counts (5 % where fewer than 5 cm3 are left).
Needs numpy and SimpleITK. Usage: margins.py EXAMPLE_BINARY (cargo build -p vestibule-geometry --example distance_field)
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import SimpleITK as sitk

FINE = 0.25
REACH = 12.0
turn = np.linspace(0, 2 * np.pi, 721)[:-1]


def ball(r, x, y, z):
    return np.sqrt(x * x + y * y + z * z) - r


def box(half, x, y, z):
    q = np.stack([np.abs(v) - h for v, h in zip(np.broadcast_arrays(x, y, z), half)])
    return np.linalg.norm(np.maximum(q, 0), axis=0) + np.minimum(q.max(axis=0), 0)


def ring(z):
    """Radii of a torus (20, 8 mm) at a height, outer and inner."""
    w = np.sqrt(max(64 - z * z, 0))
    return (20 + w, 20 - w) if w > 0 else ()


def loops(name, z):
    circle = lambda r, cx=0.0, sy=1.0: np.stack([cx + r * np.cos(turn), sy * r * np.sin(turn), np.full(len(turn), z)], 1)
    if name == "ball":
        return [circle(np.sqrt(400 - z * z))] if abs(z) < 20 else []
    if name == "box":
        return [np.array([(-15, -10, z), (15, -10, z), (15, 10, z), (-15, 10, z)])] if abs(z) < 12 else []
    if name == "torus":
        return [circle(r) for r in ring(z)]
    # An ellipse that leans: its middle moves with the height.
    w = 1 - (z / 24) ** 2
    return [circle(14 * np.sqrt(w), 0.6 * z, 0.7)] if w > 0 else []


def inside(name, x, y, z):
    if name == "ball":
        return ball(20, x, y, z) < 0
    if name == "box":
        return box((15, 10, 12), x, y, z) < 0
    if name == "torus":
        return (np.sqrt(x * x + y * y) - 20) ** 2 + z * z < 64
    return ((x - 0.6 * z) / 14) ** 2 + (y / 9.8) ** 2 + (z / 24) ** 2 < 1


wrong = 0
with tempfile.TemporaryDirectory() as scratch:
    text, out = pathlib.Path(scratch, "c.txt"), pathlib.Path(scratch, "f.mha")
    for name, step in (("ball", 1.0), ("ball", 2.0), ("box", 1.0), ("torus", 1.0), ("leaning ellipsoid", 2.0)):
        planes = np.arange(-40, 40) * step + step / 2
        text.write_text("".join(" ".join(f"{v:.6f}" for v in l.ravel()) + "\n" for z in planes for l in loops(name, z)))
        said = subprocess.run([sys.argv[1], text, out, "1.0", str(REACH), "-5", "0", "5"], check=True, capture_output=True, text=True)
        volumes = {float(l.split()[1]): float(l.split()[2]) for l in said.stdout.splitlines() if l.startswith("margin")}
        field = sitk.ReadImage(str(out))
        n = int(2 * 39 / FINE)
        at = (np.arange(n) - (n - 1) / 2) * FINE
        z, y, x = np.meshgrid(at, at, at, indexing="ij", sparse=True)
        mask = sitk.GetImageFromArray(inside(name, x, y, z).astype(np.uint8))
        mask.SetSpacing([FINE] * 3)
        mask.SetOrigin([at[0]] * 3)
        def maurer(m):
            return sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(m, squaredDistance=False, useImageSpacing=True))
        outwards, inwards = maurer(mask), maurer(mask == 0)
        far = np.where(sitk.GetArrayViewFromImage(mask) == 0, outwards - FINE / 4, FINE / 4 - inwards)
        ours = sitk.GetArrayFromImage(sitk.Resample(field, mask, sitk.Transform(), sitk.sitkLinear, 1e3))
        near = (np.abs(far) < 10) & (ours < 1e2)
        off = (ours - far)[near]
        worst, mean = np.abs(off).max(), np.abs(off).mean()
        line = f"{name}, planes of {step} mm: {near.sum()} places, |difference| mean {mean:.3f}, at worst {worst:.3f} mm"
        good = mean < 0.1 and worst < step / 2 + FINE
        if name in ("ball", "box"):
            exact = np.broadcast_to(ball(20, x, y, z) if name == "ball" else box((15, 10, 12), x, y, z), far.shape)
            off = (ours - exact)[near]
            line += f"; to the formula mean {np.abs(off).mean():.3f}, at worst {np.abs(off).max():.3f}"
            good &= np.abs(off).mean() < 0.1 and np.abs(off).max() < step / 2 + 0.25
        for m, ml in volumes.items():
            want = (far < m).sum() * FINE**3
            line += f"; {m:+.0f} mm {ml / want * 100 - 100:+.2f} %"
            good &= abs(ml / want - 1) < (0.02 if want > 5000 else 0.05)
        print(line + ("" if good else "   WRONG"))
        wrong += not good
sys.exit(wrong > 0)
