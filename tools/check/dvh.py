#!/usr/bin/env python3
"""`vestibule dose dvh` on a folder with RTSTRUCT and RTDOSE (and RTPLAN, CT), held to two others.

- an exact calculation of the program's own convention (`dvh_exact.py`: areas by shapely, dose at random places of the slabs): allowed 1 %;
- dicompyler-core as it comes. Where the two differ, `dvh_exact.py` also works out dicompyler-core's own convention (pixels whole or not at
  all, dose on the contour's plane, bins of 1 cGy) and with it must meet dicompyler-core's figures within 1 %: then the difference is the
  convention's, and no error of either.
Prints, structure by structure, the volume and D98, D95, D50, D2 and mean, and the worst differences: doses in percent of the prescription (--prescription GY; else
of the highest dose), volumes in percent of the volume. Fails where the first, or the last named, is above 1 %.
Needs dicompyler-core with pydicom below 3 and shapely (scikit-image for --fine).
Usage: dvh.py VESTIBULE_BINARY FOLDER [--prescription GY] [--dose FILE.dcm, where the folder has none] [--fine MM]
"""
import argparse
import logging
import pathlib
import sys
import tempfile
import warnings

import pydicom
from dicompylercore import dvhcalc

import dvh_exact
from program import on_store

warnings.filterwarnings("ignore")
logging.disable()
p = argparse.ArgumentParser()
p.add_argument("binary")
p.add_argument("folder", type=pathlib.Path)
p.add_argument("--prescription", type=float)
p.add_argument("--dose", type=pathlib.Path)
p.add_argument("--fine", type=float, help="dicompyler-core's in-plane interpolation, mm (must divide the dose's pixel)")
a = p.parse_args()
files = {pydicom.dcmread(f, stop_before_pixels=True).Modality: f for f in a.folder.rglob("*.dcm")}
dose_file, set_file = a.dose or files["RTDOSE"], files["RTSTRUCT"]
with tempfile.TemporaryDirectory() as scratch:
    vestibule = on_store(a.binary, scratch + "/store")
    vestibule("patient", "import", str(a.folder), *([str(a.dose)] if a.dose else []))
    who = vestibule("patient", "list")["patients"][0]["id"]
    uid = str(pydicom.dcmread(dose_file, stop_before_pixels=True).SOPInstanceUID)
    ours = {s["name"]: s for s in vestibule("dose", "dvh", "--patient", who, "--dose", uid)["structures"]}
d = pydicom.dcmread(dose_file)
dose = dvh_exact.Dose(d)
scale = a.prescription or float(dose.gy.max())
NAMES = ("D98", "D95", "D50", "D2")


def apart(x, y):
    """Worst dose difference, percent of the prescription, and that of the volumes, percent."""
    return max(abs(p - q) for p, q in zip(x[1:], y[1:])) / scale * 100, abs(x[0] / y[0] - 1) * 100


pairs = {"here and exact": ("here", "exact"), "dicompyler-core and its convention": ("dicompyler", "pixel"),
         "here and dicompyler-core": ("here", "dicompyler")}
if a.fine:
    pairs["dicompyler-core's finer raster and its convention"] = ("fine", "fine, worked out")
    pairs["that, read in its place, and exact on the plane"] = ("fine, in its place", "plane")
worst = {p: (0.0, 0.0) for p in pairs}
structures = pydicom.dcmread(set_file)
contours = {c.ReferencedROINumber: c for c in structures.ROIContourSequence}
print(f"{'structure':<22} {'cm3':>10} " + " ".join(f"{n:>8}" for n in (*NAMES, "mean")) + "   (Gy)")
for roi in structures.StructureSetROISequence:
    if roi.ROIName not in ours:
        continue

    def dicompyler(**options):
        h = dvhcalc.get_dvh(str(set_file), str(dose_file), roi.ROINumber, **options)
        return [h.volume, *(float(h.statistic(n).value) for n in NAMES), float(h.mean)] if h.volume > 0 else None
    o, planes = ours[roi.ROIName], dvh_exact.planes_of(contours[roi.ROINumber])
    found = {"here": [o["volume_cm3"], *(o[k] for k in ("d98_gy", "d95_gy", "d50_gy", "d2_gy", "mean_gy"))],
             "exact": dvh_exact.exact(planes, dose), "plane": dvh_exact.exact(planes, dose, on_plane=True)}
    coarse = dicompyler()
    if coarse:
        found |= {"dicompyler": coarse, "pixel": dvh_exact.pixel(planes, dose)}
    if coarse and a.fine:
        found["fine"] = dicompyler(interpolation_resolution=a.fine, use_structure_extents=True)
        found["fine, worked out"] = dvh_exact.fine(planes, dose, a.fine, there=False)
        found["fine, in its place"] = dvh_exact.fine(planes, dose, a.fine, there=True)
    print(roi.ROIName)
    for name, f in found.items():
        print(f"  {name:<20} {f[0]:>10.3f} " + " ".join(f"{x:>8.3f}" for x in f[1:]))
    said = []
    for name, (x, y) in pairs.items():
        if x in found and y in found:
            now = apart(found[x], found[y])
            worst[name] = tuple(map(max, worst[name], now))
            said.append(f"{name} {now[0]:.2f}, {now[1]:.2f} %")
    print("  worst dose, volume: " + "; ".join(said), flush=True)
for name, (gy, cm3) in worst.items():
    print(f"worst, {name}: doses {gy:.2f} % of {scale:.2f} Gy, volumes {cm3:.2f} %")
sys.exit(any(v > 1 for name in list(pairs)[:2] for v in worst[name]))
