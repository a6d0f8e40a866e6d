#!/usr/bin/env python3
"""Holds `vestibule patient import` to pydicom, an independent reader, on a synthetic 4D CT with a missing phase.

    pip install pydicom numpy
    tools/check/four_d.py path/to/phantom path/to/vestibule [PERCENT_LEFT_OUT]

pydicom says which series there are, which percentage each description has and where the ball lies in it; the formula of the
phantom says where it should. Prints one line a number compared, and ends with code 1 where two disagree.
"""

import collections
import math
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import pydicom

from program import compare, finish, on_store


def ball(slices):
    """Middle of what is denser than lung, away from the walls, mm."""
    slices = sorted(slices, key=lambda d: d.ImagePositionPatient[2])
    hu = np.stack([d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in slices])
    x0, y0, _ = slices[0].ImagePositionPatient
    dy, dx = slices[0].PixelSpacing
    z = np.array([float(d.ImagePositionPatient[2]) for d in slices])[:, None, None]
    y = (y0 + dy * np.arange(hu.shape[1]))[None, :, None]
    x = (x0 + dx * np.arange(hu.shape[2]))[None, None, :]
    weight = (hu + 750) * (np.abs(x) < 80) * (np.abs(y) < 55)
    return [float((weight * a).sum() / weight.sum()) for a in (x, y, z)]


def main():
    phantom, binary = sys.argv[1:3]
    left_out = [int(p) for p in sys.argv[3:]] or [40]
    with tempfile.TemporaryDirectory() as folder:
        study, vestibule = f"{folder}/study", on_store(binary, f"{folder}/store")
        subprocess.run([phantom, study, "--breathing", *(f"--without-phase={p}" for p in left_out)], check=True)
        series = collections.defaultdict(list)
        for file in pathlib.Path(study).rglob("*.dcm"):
            d = pydicom.dcmread(file)
            series[d.SeriesInstanceUID].append(d)
        phases = {}
        for uid, slices in series.items():
            gated = re.search(r"Gated, ([\d.]+)%", slices[0].SeriesDescription)
            if gated:
                phases[float(gated[1])] = uid
        print(f"{len(series)} series, {len(phases)} of them phases (the reference: pydicom or the formula)")
        for percent, uid in sorted(phases.items()):
            raised = 0.5 * (1 - math.cos(2 * math.pi * percent / 100))
            compare(f"ball at {percent:.0f} %", np.round(ball(series[uid]), 2), np.round([25, -10, -20 + 16 * raised], 2), 0.1)
        taken = vestibule("patient", "import", study)
        shown = vestibule("patient", "show", "SYNTHETIC-4D")
        compare("image volumes", len(shown["images"]), len(series))
        compare("4D images", len(shown["four_d"]), 1)
        group = shown["four_d"][0]
        compare("phases", group["phases"], sorted(phases))
        compare("series of the phases", group["images"], [phases[p] for p in sorted(phases)])
        compare("missing phases", group["missing"], sorted(set(map(float, range(0, 100, 10))) - set(phases)))
        said = [n["text"] for n in taken["notes"] if n["level"] == "warning" and "missing" in n["text"]]
        compare("warnings of missing phases", len(said), 1)
    finish()


main()
