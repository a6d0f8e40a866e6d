#!/usr/bin/env python3
"""Writes assets/beams/generic-photon-6mv.json from matRad's photons_Generic.mat (BSD-3-Clause), and says what thinning it costs.

Usage: photon_machine.py photons_Generic.mat OUT.json

Of 501 source-surface distances every 25 mm are kept, of 360 radii 141; both are interpolated linearly. Needs scipy.
"""
import json
import sys

import numpy as np
import scipy.io

KEPT_SSD_MM = range(500, 1001, 25)
RADII_MM = np.concatenate([np.arange(0, 20, 0.5), np.arange(20, 60, 1), np.arange(60, 179, 2), [179.5]])
# The file's kernels are per square of this width, mm (matRad convolves on such a lattice).
LATTICE_MM = 0.5

source, out = sys.argv[1], sys.argv[2]
machine = scipy.io.loadmat(source, squeeze_me=True, struct_as_record=False)["machine"]
meta, data = machine.meta, machine.data
kernels = {int(k.SSD): np.array([k.kernel1, k.kernel2, k.kernel3]) for k in data.kernel}


def thinned(ssd):
    return np.array([np.interp(RADII_MM, data.kernelPos, row) for row in kernels[ssd]])


def dose(component, ssd):
    """Per depth, of a field 100 mm wide: relative dose on the axis and 60 mm beside it."""
    g = LATTICE_MM * np.arange(-400, 401)
    x, y = np.meshgrid(g, g)
    depths = np.array([5.0, 15, 50, 100, 200, 300])
    terms = data.betas / (data.betas - data.m) * (np.exp(-data.m * depths[:, None]) - np.exp(-data.betas * depths[:, None]))
    result = []
    for beside in (0.0, 60.0):
        inside = (abs(x + beside) <= 50) & (abs(y) <= 50)
        result.append(terms @ np.array([component(k, np.hypot(x, y)[inside]).sum() for k in range(3)]))
    return np.array(result)


worst = 0.0
for ssd in (612, 737, 862, 888, 912, 937, 987):
    low = ssd // 25 * 25
    t = (ssd - low) / 25
    mixed = (1 - t) * thinned(low) + t * thinned(low + 25)
    ours = dose(lambda k, r: np.interp(r, RADII_MM, mixed[k], right=0.0), ssd)
    theirs = dose(lambda k, r: np.interp(r, data.kernelPos, kernels[ssd][k], right=0.0), ssd)
    worst = max(worst, float(abs((ours - theirs) / theirs[0]).max()))
print(f"thinning changes the dose on the axis and 60 mm beside it by at most {100 * worst:.2f} % of the axis, seven distances")

made = {
    "name": "generic-photon-6mv",
    "source": f"matRad photons_Generic.mat ('{meta.description}', {meta.created_on}): every 25 mm of source-surface distance and "
    "141 of 360 radii, six digits. Leaf transmission and calibration were added: the transmission is a typical value (AAPM report 72), "
    "the calibration a definition.",
    "licence": "BSD-3-Clause",
    "energy_mv": float(data.energy),
    "source_axis_mm": float(meta.SAD),
    "attenuation_per_mm": float(data.m),
    "betas_per_mm": [float(b) for b in data.betas],
    "penumbra_fwhm_mm": float(data.penumbraFWHMatIso),
    "lattice_mm": LATTICE_MM,
    "leaf_transmission": 0.015,
    "calibration": {"field_mm": 100.0, "source_surface_mm": 1000.0, "gray_per_mu": 0.01},
    "primary_fluence": [[round(float(r), 3), round(float(v), 6)] for r, v in data.primaryFluence],
    "radii_mm": [float(r) for r in RADII_MM],
    "kernels": [
        {"source_surface_mm": float(ssd), "components": [[float(f"{v:.6g}") for v in row] for row in thinned(ssd)]}
        for ssd in KEPT_SSD_MM
    ],
}
lines = []
for key, value in made.items():
    if key == "kernels":
        rows = ",\n".join(f"  {json.dumps(k)}" for k in value)
        lines.append(f' "kernels": [\n{rows}\n ]')
    else:
        lines.append(f" {json.dumps(key)}: {json.dumps(value)}")
open(out, "w", encoding="utf-8").write("{\n" + ",\n".join(lines) + "\n}\n")
