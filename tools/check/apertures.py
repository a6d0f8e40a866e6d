#!/usr/bin/env python3
"""Control points, jaws, leaves and openings of an imported plan held to pydicom and shapely.

Every value of every control point (cumulative meterset weight, angles, every jaw and leaf, carried on as DICOM says) must be the one pydicom reads; every
opening's area must be that of shapely's union of leaf gaps clipped by jaws and blocks (1e-6 cm2), and its outlines must enclose that area and, turned by
the collimator's angle, that very region. Needs pydicom, numpy, shapely. Usage: apertures.py VESTIBULE_BINARY FOLDER_OF_DICOM
"""
import pathlib
import sys
import tempfile

import numpy as np
import pydicom
import shapely
from shapely.affinity import rotate
from shapely.geometry import Polygon, box
from shapely.ops import unary_union

from program import on_store

FAR = 500.0
wrong = 0


def check(good, what):
    global wrong
    if not good:
        wrong += 1
        print("DIFFERS", what)


def opening(devices, positions, blocks):
    """What is open, in axes of the beam limiting device."""
    region = box(-FAR, -FAR, FAR, FAR)
    for kind, boundaries in devices:
        if kind not in positions:
            continue
        p = positions[kind]
        n = len(p) // 2
        edges = boundaries if kind.startswith("MLC") else [-FAR, FAR]
        gaps = []
        for i in range(n):
            if p[i] < p[i + n]:
                low, high = edges[i], edges[i + 1]
                gaps.append(box(p[i], low, p[i + n], high) if kind.endswith("X") else box(low, p[i], high, p[i + n]))
        region = region.intersection(unary_union(gaps))
    apertures = [Polygon(b).buffer(0) for k, b in blocks if k == "APERTURE"]
    if apertures:
        region = region.intersection(unary_union(apertures))
    for k, b in blocks:
        if k == "SHIELDING":
            region = region.difference(Polygon(b).buffer(0))
    return region


def even_odd(lines):
    region = Polygon()
    for line in lines:
        region = region.symmetric_difference(Polygon(line))
    return region


binary, folder = sys.argv[1:3]
plans = {}
for path in pathlib.Path(folder).rglob("*"):
    if path.is_file():
        try:
            d = pydicom.dcmread(path, stop_before_pixels=True)
        except pydicom.errors.InvalidDicomError:
            continue
        if d.get("Modality") == "RTPLAN":
            plans[d.SOPInstanceUID] = d
leaves = points = 0
worst_area = worst_region = 0.0
with tempfile.TemporaryDirectory() as store:
    vestibule = on_store(binary, store)
    taken = vestibule("patient", "import", folder)
    for patient in taken["patients"]:
        shown = vestibule("patient", "show", patient["id"])
        for plan in shown["plans"]:
            d = plans[plan["uid"]]
            ours = {b["number"]: b for b in vestibule("patient", "beams", patient["id"], "--plan", plan["uid"])["beams"]}
            for b in d.get("BeamSequence", []):
                mine = ours[b.BeamNumber]
                check(len(mine["control_points"]) == len(b.ControlPointSequence), f"beam {b.BeamName}: control points")
                devices = [(x.RTBeamLimitingDeviceType, [float(v) for v in x.get("LeafPositionBoundaries") or []]) for x in b.BeamLimitingDeviceSequence]
                blocks = [(x.BlockType, np.reshape([float(v) for v in x.BlockData], (-1, 2))) for x in b.get("BlockSequence", [])]
                state, positions = {}, {}
                for c, m in zip(b.ControlPointSequence, mine["control_points"]):
                    points += 1
                    for tag, key in (("GantryAngle", "gantry_deg"), ("BeamLimitingDeviceAngle", "collimator_deg"),
                                     ("PatientSupportAngle", "couch_deg"), ("NominalBeamEnergy", "energy")):
                        if c.get(tag) is not None:
                            state[key] = float(c.get(tag))
                        check(m[key] == state.get(key, 0.0), f"beam {b.BeamName} point {c.ControlPointIndex}: {tag}")
                    check(m["cumulative_weight"] == float(c.CumulativeMetersetWeight), f"beam {b.BeamName} point {c.ControlPointIndex}: weight")
                    for x in c.get("BeamLimitingDevicePositionSequence", []):
                        positions[x.RTBeamLimitingDeviceType] = [float(v) for v in x.LeafJawPositions]
                    used = [k for k, _ in devices if k in positions]
                    check([v["type"] for v in mine["devices"]] == used, f"beam {b.BeamName}: devices")
                    for k, got in zip(used, m["positions_mm"]):
                        leaves += len(got)
                        check(got == positions[k], f"beam {b.BeamName} point {c.ControlPointIndex}: {k}")
                    region = opening(devices, positions, blocks)
                    off = abs(m["opening_cm2"] - region.area / 100)
                    worst_area = max(worst_area, off)
                    check(off < 1e-6, f"beam {b.BeamName} point {c.ControlPointIndex}: {m['opening_cm2']} cm2, shapely {region.area / 100}")
                    # seen from the source the collimator turns anticlockwise, as shapely does with x to the right and y up
                    turned = rotate(region, state["collimator_deg"], origin=(0, 0))
                    off = even_odd(m["outlines_mm"]).symmetric_difference(turned).area / 100
                    worst_region = max(worst_region, off)
                    check(off < 1e-6, f"beam {b.BeamName} point {c.ControlPointIndex}: outlines are off by {off} cm2")
                low, high = (f(m["opening_cm2"] for m in mine["control_points"]) for f in (min, max))
                print(f"beam {b.BeamName}: {len(mine['control_points'])} control points, opening {low:.2f} to {high:.2f} cm2")
print(f"{points} control points, {leaves} jaw and leaf positions equal pydicom's; areas within {worst_area:.1e} cm2 of shapely {shapely.__version__}, regions {worst_region:.1e} cm2")
print(f"{wrong} differences")
sys.exit(wrong > 0 or points == 0)
