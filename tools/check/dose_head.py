#!/usr/bin/env python3
"""Absolute dose in a head phantom: each field's dose at the point where its plan states BeamDose (MIT, dicomexport, Eurados).

The plan is a verification plan: its three fields all come from gantry 0, and BeamDoseSpecificationPoint is the isocentre, beside the
nasal cavity. The markers lie 15 to 40 mm in front of it. Needs numpy, scipy and pydicom.
Usage: dose_head.py VESTIBULE_BINARY UNPACKED_HEAD_PHANTOM MACHINE.json
"""
import pathlib
import sys
import tempfile

import numpy as np
import pydicom
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from scipy.ndimage import map_coordinates

from program import on_store

GRID = 2.0  # mm
RBE = 1.1  # BeamDose is RBE-weighted
binary, folder, machine = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
plan_file = next(folder.glob("RN*.dcm"))

with tempfile.TemporaryDirectory() as scratch:
    work = pathlib.Path(scratch)
    vestibule = on_store(binary, work / "store")
    # One plan a field.
    stated = []
    for n in range(len(pydicom.dcmread(plan_file).IonBeamSequence)):
        plan = pydicom.dcmread(plan_file)
        beam = plan.IonBeamSequence[n]
        group = plan.FractionGroupSequence[0]
        reference = next(r for r in group.ReferencedBeamSequence if r.ReferencedBeamNumber == beam.BeamNumber)
        plan.IonBeamSequence, group.ReferencedBeamSequence = Sequence([beam]), Sequence([reference])
        plan.SOPInstanceUID = plan.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        plan.save_as(work / f"plan{n}.dcm")
        point = np.array(reference.BeamDoseSpecificationPoint, float)
        stated.append((beam.BeamName, plan.SOPInstanceUID, float(reference.BeamDose), point))
    vestibule("patient", "import", str(folder), *(str(p) for p in sorted(work.glob("plan*.dcm"))))
    patient = vestibule("patient", "list")["patients"][0]["id"]
    sums = np.zeros(2)
    for name, uid, want, point in stated:
        out = work / "dose.dcm"
        options = ["--machine", machine, "--grid-mm", str(GRID), "--fraction", "--out", str(out)]
        vestibule("dose", "compute", "--patient", patient, "--plan", uid, *options)
        d = pydicom.dcmread(out)
        dose = d.pixel_array * float(d.DoseGridScaling) * RBE
        at = lambda p: float(map_coordinates(dose, ((p - np.array(d.ImagePositionPatient, float)) / GRID)[::-1, None], order=1)[0])
        got = at(point)
        # How steep it is there says what a range error of 2 mm does.
        along = [at(point + [0, y, 0]) / want for y in (-4, -2, 2, 4)]
        sums += got, want
        print(f"{name}: {got:.4f} Gy(RBE), BeamDose {want:.4f}: ratio {got / want:.3f}; 4 and 2 mm before and 2 and 4 mm behind "
              + ", ".join(f"{r:.3f}" for r in along))
    print(f"together: {sums[0]:.4f} Gy(RBE), BeamDose {sums[1]:.4f}: ratio {sums[0] / sums[1]:.3f}")
