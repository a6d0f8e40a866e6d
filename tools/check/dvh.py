#!/usr/bin/env python3
"""`vestibule dose dvh` against dicompyler-core on a folder with RTSTRUCT and RTDOSE (and RTPLAN, CT).

Needs dicompyler-core with pydicom below 3. Prints, structure by structure, the volume and D98, D95, D50, D2 and mean of both, and the worst difference: doses in percent of the
prescription (--prescription GY; else of the highest dose), volumes in percent of the volume.
Usage: dvh.py VESTIBULE_BINARY FOLDER [--prescription GY] [--dose FILE.dcm, where the folder has none]
"""
import argparse
import json
import logging
import pathlib
import subprocess
import tempfile
import warnings

import pydicom
from dicompylercore import dvhcalc

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
    def vestibule(*arguments):
        command = [a.binary, "--store", scratch + "/store", "--demo", *arguments, "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    vestibule("patient", "import", str(a.folder), *([str(a.dose)] if a.dose else []))
    who = vestibule("patient", "list")["patients"][0]["id"]
    uid = str(pydicom.dcmread(dose_file, stop_before_pixels=True).SOPInstanceUID)
    ours = {s["name"]: s for s in vestibule("dose", "dvh", "--patient", who, "--dose", uid)["structures"]}
d = pydicom.dcmread(dose_file)
highest = float(d.pixel_array.max() * d.DoseGridScaling)
scale = a.prescription or highest
worst = {"volume": 0.0, "dose": 0.0}
print(f"{'structure':<16} {'cm3':>20} {'D98':>16} {'D95':>16} {'D50':>16} {'D2':>16} {'mean':>16}   worst dose, volume")
for roi in pydicom.dcmread(set_file).StructureSetROISequence:
    if roi.ROIName not in ours:
        continue
    options = {"interpolation_resolution": a.fine, "use_structure_extents": True} if a.fine else {}
    h = dvhcalc.get_dvh(str(set_file), str(dose_file), roi.ROINumber, **options)
    if h.volume <= 0:
        continue
    o = ours[roi.ROIName]
    pairs = [(o[k], float(h.statistic(s).value)) for k, s in (("d98_gy", "D98"), ("d95_gy", "D95"), ("d50_gy", "D50"), ("d2_gy", "D2"))]
    pairs.append((o["mean_gy"], float(h.mean)))
    dose = max(abs(x - y) for x, y in pairs) / scale * 100
    volume = abs(o["volume_cm3"] / h.volume - 1) * 100
    worst["dose"], worst["volume"] = max(worst["dose"], dose), max(worst["volume"], volume)
    print(f"{roi.ROIName:<16} {o['volume_cm3']:>10.3f}/{h.volume:>9.3f} " + " ".join(f"{x:>8.3f}/{y:>7.3f}" for x, y in pairs)
          + f"   {dose:.2f} %  {volume:.2f} %")
print(f"worst: doses {worst['dose']:.2f} % of {scale:.2f} Gy, volumes {worst['volume']:.2f} %")
