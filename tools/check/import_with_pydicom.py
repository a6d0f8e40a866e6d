#!/usr/bin/env python3
"""Compares `vestibule patient import` with pydicom, an independent reader, on one folder of DICOM.

    pip install pydicom numpy
    tools/check/import_with_pydicom.py path/to/vestibule path/to/dicom/folder

Prints one line a number compared, and ends with code 1 where the two disagree.
"""

import collections
import pathlib
import sys
import tempfile

import numpy as np
import pydicom

from program import compare, finish, on_store


def slice_area(ring):
    x, y = ring[:, 0], ring[:, 1]
    return 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def images(shown, files):
    series = collections.defaultdict(list)
    for d in files:
        if "ImagePositionPatient" in d and d.Modality != "RTDOSE":
            series[d.SeriesInstanceUID].append(d)
    compare("image volumes", len(shown["images"]), len(series))
    for image in shown["images"]:
        group = series.get(image["uid"], [])
        if not group:
            continue
        first = group[0]
        normal = np.cross(first.ImageOrientationPatient[:3], first.ImageOrientationPatient[3:])
        group.sort(key=lambda d: np.dot(normal, d.ImagePositionPatient))
        name = f"{image['modality']} {image['uid'][-8:]}"
        compare(f"{name} size", image["size"], [first.Columns, first.Rows, len(group)])
        compare(f"{name} origin", image["origin_mm"], [float(x) for x in group[0].ImagePositionPatient], 1e-6)
        spacing = [float(first.PixelSpacing[1]), float(first.PixelSpacing[0])]
        if len(group) > 1:
            ends = [np.dot(normal, group[i].ImagePositionPatient) for i in (0, -1)]
            compare(f"{name} spacing", image["spacing_mm"], spacing + [(ends[1] - ends[0]) / (len(group) - 1)], 1e-6)
        compare(f"{name} position", image["position"], str(first.get("PatientPosition", "")) or None)


def structures(shown, files):
    ours = {(s["structure_set"], s["name"]): s for s in shown["structures"]}
    for d in files:
        if d.get("Modality") != "RTSTRUCT":
            continue
        names = {r.ROINumber: str(r.ROIName) for r in d.StructureSetROISequence}
        for roi in d.get("ROIContourSequence", []):
            rings = [
                np.asarray(c.ContourData, float).reshape(-1, 3)
                for c in roi.get("ContourSequence", [])
                if c.ContourGeometricType == "CLOSED_PLANAR" and len(c.ContourData) >= 9
            ]
            name = names[roi.ReferencedROINumber]
            s = ours.get((d.SOPInstanceUID, name))
            if s is None:
                compare(f"structure {name}", "absent", "present")
                continue
            compare(f"{name} contours", s["contours"], len(rings))
            heights = sorted({round(r[0, 2], 2) for r in rings})
            # One ring a plane encloses its own area; more rings may be holes, which only the mask knows.
            if len(heights) == len(rings) > 1:
                step = float(np.median(np.diff(heights)))
                volume = sum(slice_area(r) for r in rings) * step / 1000
                compare(f"{name} volume cm3", round(s["volume_cm3"], 4), round(volume, 4), max(0.02 * volume, 1e-3))


def plans(shown, files):
    ours = {p["uid"]: p for p in shown["plans"]}
    for d in files:
        if d.get("Modality") != "RTPLAN" or d.SOPInstanceUID not in ours:
            continue
        p = ours[d.SOPInstanceUID]
        compare("fractions", p["fractions"], int(d.FractionGroupSequence[0].NumberOfFractionsPlanned))
        meterset = {r.ReferencedBeamNumber: float(r.get("BeamMeterset", 0)) for r in d.FractionGroupSequence[0].ReferencedBeamSequence}
        ion = "IonBeamSequence" in d
        beams = [b for b in (d.IonBeamSequence if ion else d.BeamSequence) if b.get("TreatmentDeliveryType", "TREATMENT") == "TREATMENT"]
        compare("beams", len(p["beams"]), len(beams))
        for mine, b in zip(p["beams"], beams):
            points = b.IonControlPointSequence if ion else b.ControlPointSequence
            compare(f"{b.BeamName} gantry", mine["gantry_deg"], float(points[0].GantryAngle), 1e-9)
            compare(f"{b.BeamName} couch", mine["couch_deg"], float(points[0].get("PatientSupportAngle", 0)), 1e-9)
            compare(f"{b.BeamName} control points", mine["control_points"], len(points))
            compare(f"{b.BeamName} MU", mine["meterset_mu"], meterset[b.BeamNumber], 1e-6)
            if ion:
                weights = [np.atleast_1d(c.ScanSpotMetersetWeights) for c in points]
                compare(f"{b.BeamName} spot positions", mine["spots"], sum(len(w) for w in weights))
                compare(f"{b.BeamName} delivered", mine["spots_delivered"], sum(len(w) for w in weights if max(w) > 0))
                compare(f"{b.BeamName} layers", mine["layers"], sum(max(w) > 0 for w in weights))


def doses(shown, files):
    ours = {d["uid"]: d for d in shown["doses"]}
    for d in files:
        if d.get("Modality") != "RTDOSE" or d.SOPInstanceUID not in ours:
            continue
        mine = ours[d.SOPInstanceUID]
        grid = d.pixel_array * float(d.DoseGridScaling)
        compare("dose maximum", mine["max"], float(grid.max()), 1e-5 * float(grid.max()))
        compare("dose mean", mine["mean"], float(grid.mean()), 1e-5 * float(grid.max()))
        k, j, i = np.unravel_index(grid.argmax(), grid.shape)
        row, column = np.array(d.ImageOrientationPatient[:3], float), np.array(d.ImageOrientationPatient[3:], float)
        at = np.array(d.ImagePositionPatient, float) + row * i * d.PixelSpacing[1] + column * j * d.PixelSpacing[0]
        at = at + np.cross(row, column) * float(d.GridFrameOffsetVector[k])
        compare("dose maximum at", mine["max_at_mm"], at.tolist(), 1e-3)


def main():
    binary, folder = sys.argv[1:3]
    files = []
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_file():
            try:
                files.append(pydicom.dcmread(path))
            except pydicom.errors.InvalidDicomError:
                pass
    with tempfile.TemporaryDirectory() as store:
        vestibule = on_store(binary, store)
        taken = vestibule("patient", "import", folder)
        for patient in taken["patients"]:
            shown = vestibule("patient", "show", patient["id"])
            own = [d for d in files if str(d.get("PatientID", "")) == patient["id"]]
            print(f"patient {patient['id']}: {len(own)} files")
            for part in (images, structures, plans, doses):
                part(shown, own)
    finish()


main()
