#!/usr/bin/env python3
"""`vestibule patient clearance` held to samples in a KD-tree, for three positions of a synthetic patient and three beams each.

A leaning ellipsoid is written as a BODY structure (pydicom), with a scanned plan of three beams (gantry, couch, snout, isocentre of their own). The machine file
is read here by itself: every part becomes points on its surface, 3 mm or less apart, every pose its own rotation matrices from IEC 61217, and the least
distance comes from scipy's cKDTree; the ellipsoid's points come from its formula, the table's from its outlines. Held: distances at each beam within 1.5 mm for
the body (whose skin is made of 2 mm voxels) and 0.3 mm for the table (samples), how deep one lies inside a part within 1.5 and 1 mm, and the swings, here of
thinned samples in 61 steps a leg without any proof, within 3 mm.
Needs numpy, scipy, shapely, pydicom. Usage: clearance.py VESTIBULE_BINARY MACHINE.json
"""
import json
import pathlib
import sys
import tempfile

import numpy as np
import pydicom
import shapely
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from scipy.spatial import cKDTree

from program import on_store

STEP = 3.0
binary, machine_file = sys.argv[1:3]
machine = json.load(open(machine_file))
wrong = 0


def turn(axis, deg):
    c, s = np.cos(np.radians(deg)), np.sin(np.radians(deg))
    return np.array({"x": [[1, 0, 0], [0, c, -s], [0, s, c]], "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]], "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]]}[axis])


# rows: table-top x, y, z in terms of left, posterior, superior
POSITIONS = {"HFS": [[1, 0, 0], [0, 0, 1], [0, -1, 0]], "HFP": [[-1, 0, 0], [0, 0, 1], [0, 1, 0]], "FFP": [[1, 0, 0], [0, 0, -1], [0, 1, 0]]}


def line(a, b):
    n = max(2, int(np.ceil(np.linalg.norm(np.subtract(b, a)) / STEP)) + 1)
    return np.linspace(a, b, n)


def form(solid):
    """A solid as its outlines below and above, and half its length."""
    (kind, s), = solid.items()
    if kind == "box":
        x, y, z = np.array(s["size_mm"]) / 2
        outlines, h = [[(-x, -y), (x, -y), (x, y), (-x, y)]] * 2, z
    elif kind == "prism":
        outlines, h = [s["outline_mm"]] * 2, s["length_mm"] / 2
    else:
        radii, h = s["radii_mm"] if kind == "cone" else [s["radius_mm"]] * 2, s["length_mm"] / 2
        t = np.linspace(0, 2 * np.pi, 721)[:-1]
        outlines = [np.stack([r * np.cos(t), r * np.sin(t)], 1) for r in radii]
    return np.array(outlines, float), h


def surface(solid):
    """Points on a solid's surface, its own axes."""
    outlines, h = form(solid)
    out = []
    for outline, z in zip(outlines, (-h, h)):
        polygon = shapely.Polygon(outline)
        x0, y0, x1, y1 = polygon.bounds
        x, y = (v.ravel() for v in np.meshgrid(np.arange(x0, x1 + STEP, STEP), np.arange(y0, y1 + STEP, STEP)))
        inside = shapely.contains_xy(polygon, x, y)
        out.append(np.stack([x[inside], y[inside], np.full(inside.sum(), z)], 1))
    ends = np.roll(outlines, -1, 1)
    counts = np.ceil(np.linalg.norm(ends - outlines, axis=2).max(0) / STEP).astype(int) + 1  # an edge of both as many
    low, high = (np.concatenate([np.linspace(p, q, n)[:-1] for p, q, n in zip(o, e, counts)]) for o, e in zip(outlines, ends))
    for t in line([-h], [h])[:, 0]:
        part = (t + h) / (2 * h)
        out.append(np.column_stack([low * (1 - part) + high * part, np.full(len(low), t)]))
    return np.concatenate(out)


def turned(part):
    ax, ay, az = part.get("turn_deg", [0, 0, 0])
    return turn("z", az) @ turn("y", ay) @ turn("x", ax)


def placed(part):
    return surface(part["solid"]) @ turned(part).T + part["at_mm"]


def depth(part, points):
    """How deep the deepest of the points lies in a part; 0 where none does. Points are in the axes of its mount."""
    p = (points - part["at_mm"]) @ turned(part)
    outlines, h = form(part["solid"])
    reach = np.abs(outlines).max((0, 1))
    p = p[(np.abs(p) <= [*reach, h]).all(1)]
    if "cone" in part["solid"]:
        low, high = part["solid"]["cone"]["radii_mm"]
        radius = low + (high - low) * (p[:, 2] + h) / (2 * h)
        side = (radius - np.hypot(p[:, 0], p[:, 1])) * np.cos(np.arctan2(high - low, 2 * h))
    else:
        ring, flat = shapely.Polygon(outlines[0]), shapely.points(p[:, :2])
        side = np.where(shapely.contains(ring, flat), 1, -1) * shapely.distance(ring.exterior, flat)
    return max(0, np.minimum(side, h - np.abs(p[:, 2])).max(initial=0))


by_mount = {m: np.concatenate([np.zeros((0, 3))] + [placed(p) for p in machine["parts"] if p["mount"] == m]) for m in ("fixed", "gantry", "snout", "table_top")}
trees = {m: cKDTree(v) for m, v in by_mount.items() if m != "table_top" and len(v)}


def in_mounts(points, gantry, couch, snout):
    """Points in table-top axes, in those of every mount that could hit them."""
    fixed = points @ turn("z", couch).T
    under = fixed @ turn("y", gantry)  # the inverse rotation
    return {"fixed": fixed, "gantry": under, "snout": under - [0, 0, snout or 0]}


def distance(points, *pose):
    """points: table-top axes."""
    at = in_mounts(points, *pose)
    best = np.inf
    for m in ("snout", "gantry", "fixed"):  # what is nearest first: its distance cuts the search in the others short
        if m in trees:
            best = min(best, trees[m].query(at[m][::97], distance_upper_bound=best)[0].min())
            best = min(best, trees[m].query(at[m], distance_upper_bound=best)[0].min())
    return best


def deepest(points, *pose):
    at = in_mounts(points, *pose)
    return max(depth(p, at[p["mount"]]) for p in machine["parts"] if p["mount"] in trees)


def study(folder, position, beams, iso):
    uid = pydicom.uid.generate_uid
    frame = uid()

    def base(modality, sop):
        d = Dataset()
        d.file_meta = FileMetaDataset()
        d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = sop
        d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = uid()
        d.PatientID, d.PatientName, d.Modality, d.StudyInstanceUID, d.SeriesInstanceUID = position, "SYNTHETIC^CLEARANCE", modality, uid(), uid()
        d.FrameOfReferenceUID = frame
        return d

    rs = base("RTSTRUCT", "1.2.840.10008.5.1.4.1.1.481.3")
    roi, contours, seen = Dataset(), Dataset(), Dataset()
    roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = 1, "BODY", frame
    seen.ObservationNumber, seen.ReferencedROINumber, seen.RTROIInterpretedType = 1, 1, "EXTERNAL"
    contours.ReferencedROINumber, contours.ContourSequence = 1, []
    t = np.linspace(0, 2 * np.pi, 361)[:-1]
    for z in np.arange(-178.5, 179, 3.0):
        w = np.sqrt(1 - (z / 180) ** 2)
        c = Dataset()
        c.ContourGeometricType, c.NumberOfContourPoints = "CLOSED_PLANAR", len(t)
        p = np.stack([20 + 0.2 * z + 150 * w * np.cos(t), -30 + 100 * w * np.sin(t), np.full(len(t), z)], 1)
        c.ContourData = [f"{v:.4f}" for v in p.ravel()]
        contours.ContourSequence.append(c)
    rs.StructureSetROISequence, rs.ROIContourSequence, rs.RTROIObservationsSequence = [roi], [contours], [seen]
    rs.save_as(folder / "rs.dcm", enforce_file_format=True)
    rp = base("RTPLAN", "1.2.840.10008.5.1.4.1.1.481.8")
    rp.RTPlanLabel = "SYNTHETIC"
    ref = Dataset()
    ref.ReferencedSOPClassUID, ref.ReferencedSOPInstanceUID = rs.SOPClassUID, rs.SOPInstanceUID
    rp.ReferencedStructureSetSequence = [ref]
    setup = Dataset()
    setup.PatientSetupNumber, setup.PatientPosition = 1, position
    rp.PatientSetupSequence = [setup]
    rp.IonBeamSequence = []
    for n, (gantry, couch, snout, moved) in enumerate(beams):
        b, points = Dataset(), []
        b.BeamNumber, b.BeamName, b.RadiationType, b.ScanMode, b.NumberOfControlPoints, b.FinalCumulativeMetersetWeight = n, f"B{n}", "PROTON", "MODULATED", 2, 1.0
        for k in range(2):
            c = Dataset()
            c.ControlPointIndex, c.CumulativeMetersetWeight, c.NominalBeamEnergy = k, float(k), 120.0
            if k == 0:
                c.GantryAngle, c.PatientSupportAngle, c.SnoutPosition = gantry, couch, snout
                c.IsocenterPosition = [float(v) for v in np.add(iso, moved)]
            c.ScanSpotPositionMap, c.ScanSpotMetersetWeights = [0.0, 0.0], 1.0 - k
            points.append(c)
        b.IonControlPointSequence = points
        rp.IonBeamSequence.append(b)
    rp.save_as(folder / "rp.dcm", enforce_file_format=True)


def body():
    t, z = np.meshgrid(np.linspace(0, 2 * np.pi, 400), 180 * np.sin(np.linspace(-np.pi / 2, np.pi / 2, 200)))
    w = np.sqrt(1 - (z / 180) ** 2)
    return np.stack([20 + 0.2 * z + 150 * w * np.cos(t), -30 + 100 * w * np.sin(t), z], -1).reshape(-1, 3)


def held(what, ours, theirs, tolerance):
    global wrong
    good = theirs - ours < tolerance and ours - theirs < tolerance
    wrong += not good
    print(f"{what}: {ours:.2f} mm, samples {theirs:.2f} mm{'' if good else '   WRONG'}")


iso = np.array([10.0, -20.0, 15.0])
BEAMS = [(20.0, 0.0, 300.0, (0, 0, 0)), (300.0, 15.0, 380.0, (0, 0, 0)), (130.0, 350.0, 330.0, (-30.0, 10.0, 25.0))]
retracted = machine.get("snout_retracted_mm")


def way(n, t):
    """Gantry, couch, snout, and how much of the table's move is made, on every leg after beam n."""
    (g1, c1, s1, _), (g2, c2, s2, _) = BEAMS[n : n + 2]
    short = lambda a, b: (b - a + 180) % 360 - 180
    swing = g1 + t * short(g1, g2), c1 + t * short(c1, c2)
    if retracted is None:
        return [(*swing, None, t)]
    return [(g1, c1, s1 + t * (retracted - s1), 0), (*swing, retracted, t), (g2, c2, retracted + t * (s2 - retracted), 1)]


def told_deep(what, ours, theirs, tolerance):
    """Inside a part: ours is negative."""
    global wrong
    good = abs(-ours - theirs) < tolerance
    wrong += not good
    print(f"{what}: {-ours:.2f} mm inside, samples {theirs:.2f} mm inside{'' if good else '   WRONG'}")


for position, axes in POSITIONS.items():
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch, "d")
        folder.mkdir()
        study(folder, position, BEAMS, iso)
        vestibule = on_store(binary, pathlib.Path(scratch, "s"))
        vestibule("patient", "import", str(folder))
        told = vestibule("patient", "clearance", position, "--machine", machine_file)
    axes = np.array(axes, float)
    skin = (body() - iso) @ axes.T
    travel = np.array([0, 0, skin[:, 2].min() - machine["table_surface_mm"]])
    held(f"{position} table's travel", told["table_travel_mm"][2], travel[2], 1.5)
    table = by_mount["table_top"] + told["table_travel_mm"]
    shift = [(-np.array(m)) @ axes.T for *_, m in BEAMS]
    for n, pose in enumerate(BEAMS):
        for what, points, tolerance in (("body", skin, 1.5), ("table", table, 0.3)):
            name, ours = f"{position} beam {n} {what}", told["beams"][n]["at"][what]["distance_mm"]
            if ours < 0:
                told_deep(name, ours, deepest(points + shift[n], *pose[:3]), max(tolerance, 1.0))
            else:
                held(name, ours, distance(points + shift[n], *pose[:3]), tolerance)
        if n + 1 == len(BEAMS):
            continue
        to = told["beams"][n]["to_next"]
        hits = min(to[what]["distance_mm"] for what in ("body", "table")) < 0
        if (to["proven_mm"] is None) != hits or (to["proven_mm"] or 0) > 1.0:
            print("not proven to 1 mm")
            wrong += 1
        for what, points in (("body", skin[::16]), ("table", table[::8])):
            name, ours = f"{position} way {n} {what}", to[what]["distance_mm"]
            ask = deepest if ours < 0 else distance
            found = [ask(points + shift[n] * (1 - part) + shift[n + 1] * part, *pose) for t in np.linspace(0, 1, 61) for *pose, part in way(n, t)]
            if ours < 0:
                told_deep(name, ours, max(found), 3.0)
            else:
                held(name, ours, min(found), 3.0)
print(f"{wrong} wrong")
sys.exit(bool(wrong))  # numpy's own bool is no exit code
