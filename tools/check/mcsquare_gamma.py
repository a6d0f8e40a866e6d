#!/usr/bin/env python3
"""Whole fields against MCsquare, absolute Gray: 3D gamma 3 %/2 mm above 10 % of the maximum, global, MCsquare as reference.

Boxes of water, slabs of bone and lung, a lateral interface, with and without range shifter, oblique gantry and couch; with the
head phantom's folder the head too. Bone, lung and water are MCsquare's own materials; this program gets their stopping powers
at 100 MeV (bone 1.7014, lung 0.2595) and its own scattering for them. Both doses are doses to water. Needs numpy, scipy,
pydicom and pymedphys. Usage: mcsquare_gamma.py VESTIBULE_BINARY MACHINE.json [--protons N] [--case NAME] [--head FOLDER] [--row]
"""
import argparse
import hashlib
import json
import math
import os
import pathlib
import re
import subprocess
import tempfile

import mcsquare_sigma as base
import numpy as np
import pydicom
import pymedphys
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from scipy.ndimage import map_coordinates

from program import on_store

STEP = 2.0
SHAPE = (60, 100, 60)  # z, y, x: 120 mm wide, 200 mm deep
# HU, density and material of the boxes, as MCsquare has them, and their stopping power.
MATERIALS = [(-740, 0.26, 14, 0.2595), (0, 1.0, 17, 1.0), (1000, 1.92, 38, 1.7014)]
SHIFTER = {"id": "RS_5CM", "water_mm": 57.0, "at_mm": 60.0}
FAR_SHIFTER = dict(SHIFTER, at_mm=160.0)


def square(energy, half, pitch, weight):
    places = np.arange(-half, half + 0.1, pitch)
    return (energy, [(x, y, weight) for y in places for x in places])


def sobp():
    """Weights of Bortfeld and Schlegel for a flat top from 100 to 140 mm, 13 layers."""
    energies = np.linspace(139.8, 116.0, 10)
    weights = [1.0] + [0.45 * (1 - i / 14) for i in range(1, 10)]
    return [square(round(float(e), 1), 20, 5, w) for e, w in zip(energies, weights)]


def box(change=None):
    hu = np.zeros(SHAPE, "<i2")
    if change:
        change(hu)
    return hu


def slab(hu):
    hu[:, 15:20, :] = 1000
    hu[:, 30:45, :] = -740


def interface(hu):
    hu[:, 10:30, 30:] = 1000


def lung_interface(hu):
    hu[:, 10:35, 30:] = -740


# name: voxels, layers, gantry, couch, range shifter or False, isocentre's depth
CASES = {
    "spot 100 MeV": (box(), [(100.0, [(0, 0, 1)])], 0, 0, False, 60),
    "spot 150 MeV": (box(), [(150.0, [(0, 0, 1)])], 0, 0, False, 100),
    "spot 150 MeV, shifter": (box(), [(150.0, [(0, 0, 1)])], 0, 0, SHIFTER, 60),
    "SOBP": (box(), sobp(), 0, 0, False, 120),
    "SOBP, shifter": (box(), sobp(), 0, 0, SHIFTER, 60),
    "SOBP, far shifter": (box(), sobp(), 0, 0, FAR_SHIFTER, 60),
    "oblique": (box(), [square(120.0, 15, 5, 1), square(110.0, 15, 5, 0.5)], 40, 0, False, 60),
    "oblique, couch": (box(), [square(120.0, 15, 5, 1), square(110.0, 15, 5, 0.5)], 40, 30, False, 60),
    "slabs of bone and lung": (box(slab), sobp(), 0, 0, False, 120),
    "beside bone": (box(interface), sobp(), 0, 0, False, 100),
    "beside lung": (box(lung_interface), sobp(), 0, 0, False, 100),
}


# As docs/dose.md names them.
TITLES = {
    "spot 100 MeV": "one spot, 100 MeV, water",
    "spot 150 MeV": "one spot, 150 MeV, water",
    "spot 150 MeV, shifter": "one spot, 150 MeV, behind a range shifter of 57 mm, 60 mm of air, water",
    "SOBP": "SOBP, water",
    "SOBP, shifter": "SOBP behind a range shifter of 57 mm, 60 mm of air, water",
    "SOBP, far shifter": "the same, 160 mm of air",
    "oblique": "gantry 40°, 120 and 110 MeV, 30 × 30 mm, water",
    "oblique, couch": "the same, couch 30°",
    "slabs of bone and lung": "SOBP, slabs of 10 mm of bone and 30 mm of lung",
    "beside bone": "SOBP, bone over half of the field from 20 to 60 mm",
    "beside lung": "SOBP, lung over half of the field from 20 to 70 mm",
    "head": "head phantom, its three fields behind their range shifter of 57 mm",
}


def protons_of(machine, layers):
    e = machine["energies"]
    per_mu = lambda v: np.interp(v, [x["nominal_mev"] for x in e], [x["protons_per_mu"] for x in e])
    return sum(per_mu(energy) * sum(s[2] for s in spots) for energy, spots in layers)


def mc_plan(layers, gantry, couch, shifter, isocentre, shifter_at):
    total = sum(s[2] for _, spots in layers for s in spots)
    lines = ["#TREATMENT-PLAN-DESCRIPTION", "#PlanName", "field", "#NumberOfFractions", "1", "##FractionID", "1", "##NumberOfFields", "1"]
    lines += ["###FieldsID", "1", "#TotalMetersetWeightOfAllFields", f"{total}", "", "#FIELD-DESCRIPTION", "###FieldID", "1"]
    lines += ["###FinalCumulativeMeterSetWeight", f"{total}", "###GantryAngle", f"{gantry}", "###PatientSupportAngle", f"{couch}"]
    lines += ["###IsocenterPosition", "\t ".join(f"{v}" for v in isocentre)]
    if shifter:
        lines += ["###RangeShifterID", SHIFTER["id"], "###RangeShifterType", "binary"]
    lines += ["###NumberOfControlPoints", str(len(layers)), "", "#SPOTS-DESCRIPTION"]
    sum_so_far = 0.0
    for i, (energy, spots) in enumerate(layers):
        sum_so_far += sum(s[2] for s in spots)
        lines += ["####ControlPointIndex", str(i + 1), "####SpotTunnedID", "1", "####CumulativeMetersetWeight", f"{sum_so_far}"]
        lines += ["####Energy (MeV)", f"{energy}"]
        if shifter:
            lines += ["####RangeShifterSetting", "IN", "####IsocenterToRangeShifterDistance", f"{shifter_at}"]
            lines += ["####RangeShifterWaterEquivalentThickness", f"{SHIFTER['water_mm']}"]
        lines += ["####NbOfScannedSpots", str(len(spots)), "####X Y Weight"]
        lines += [f"{x} {y} {w}" for x, y, w in spots]
    return "\n".join(lines) + "\n"


def monte_carlo(cache, machine, hu, layers, gantry, couch, shifter, iso_index_mm, protons, tables, shifter_at):
    """Gray as [z, y, x] and the statistical uncertainty MCsquare states; kept in the cache, since it takes long and what goes
    in decides what comes out (MCsquare's seed is fixed)."""
    beams = base.beam_data(machine)
    told = [beams, layers, gantry, couch, shifter and [shifter, shifter_at], iso_index_mm, int(protons), tables, STEP, hu.shape]
    name = hashlib.sha256(json.dumps(told, default=float).encode() + np.ascontiguousarray(hu).tobytes()).hexdigest()[:24]
    kept = cache / "doses" / f"{name}.npz"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        dose, noise = run_monte_carlo(cache, beams, hu, layers, gantry, couch, shifter, iso_index_mm, protons, tables, shifter_at)
        part = kept.with_suffix(".part.npz")
        np.savez_compressed(part, dose=dose.astype("<f4"), noise=noise)
        part.replace(kept)
    with np.load(kept) as file:
        dose, noise = file["dose"].astype(float), str(file["noise"])
    return dose * base.GRAY_PER_EV_G * protons_of(machine, layers), noise


def run_monte_carlo(cache, beams, hu, layers, gantry, couch, shifter, iso_index_mm, protons, tables, shifter_at):
    """eV/g per proton as [z, y, x] and the statistical uncertainty MCsquare states."""
    engine = cache / base.ENGINE
    size = hu.shape
    rs = f"Range Shifter parameters\nRS_ID = {SHIFTER['id']}\nRS_type = binary\nRS_material = 64\nRS_density = 1.19\nRS_WET = {SHIFTER['water_mm']}\n\n"
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        (work / "Outputs").mkdir()
        hu[:, ::-1, ::-1].astype("<f4").tofile(work / "CT.raw")
        header = f"ObjectType = Image\nNDims = 3\nDimSize = {size[2]} {size[1]} {size[0]}\n"
        header += f"ElementSpacing = {STEP} {STEP} {STEP}\nOffset = 0 0 0\nElementType = MET_FLOAT\n"
        (work / "CT.mhd").write_text(header + "ElementByteOrderMSB = False\nElementDataFile = CT.raw\n")
        (work / "density.txt").write_text("".join(f"{h} {d}\n" for h, d in tables[0]))
        (work / "material.txt").write_text("".join(f"{h} {m}\n" for h, m in tables[1]))
        (work / "BDL.txt").write_text(beams.replace("Beam parameters", rs + "Beam parameters") if shifter else beams)
        x, y, z = iso_index_mm
        isocentre = (x, size[1] * STEP - y, z)
        (work / "Plan.txt").write_text(mc_plan(layers, gantry, couch, shifter, isocentre, shifter_at))
        config = base.CONFIG.format(protons=int(protons)).replace("Num_Threads 1", "Num_Threads 2")
        (work / "config.txt").write_text(config + "Dose_to_Water_conversion OnlineSPR\n")
        environment = dict(os.environ, MCsquare_Materials_Dir=str(engine / "Materials"))
        command = ["nice", "-n", "10", engine / "MCsquare_linux"]
        ran = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
        # Some protons of a wide spot miss the box; a beam file read wrongly sends all of them past it.
        outside = re.search(r"\((\d+) generated outside", ran.stdout)
        if ran.returncode or "Error" in ran.stdout or (outside and int(outside[1]) > 0.05 * protons):
            raise SystemExit(ran.stdout + ran.stderr)
        noise = [l for l in ran.stdout.splitlines() if "ncertainty" in l][-1:]
        dose = np.fromfile(work / "Outputs/Dose.raw", "<f4").reshape(size)[:, ::-1, ::-1]
    return dose, " ".join(noise).strip()


def study(work, machine, hu, layers, gantry, couch, shifter, depth):
    common = generate_uid(), generate_uid()
    series = generate_uid()
    nz, ny, nx = hu.shape
    for k in range(nz):
        d = base.dicom(work, f"ct{k:03}.dcm", "1.2.840.10008.5.1.4.1.1.2", "CT", common)
        d.SeriesInstanceUID, d.SeriesDescription, d.InstanceNumber, d.PatientPosition = series, "box", k + 1, "HFS"
        d.ImagePositionPatient = [-(nx - 1) / 2 * STEP, STEP / 2, (k - (nz - 1) / 2) * STEP]
        d.ImageOrientationPatient, d.PixelSpacing, d.SliceThickness = [1, 0, 0, 0, 1, 0], [STEP, STEP], STEP
        d.Rows, d.Columns, d.SamplesPerPixel, d.PhotometricInterpretation = ny, nx, 1, "MONOCHROME2"
        d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 16, 15, 1
        d.RescaleSlope, d.RescaleIntercept = 1, 0
        d.PixelData = np.ascontiguousarray(hu[k], "<i2").tobytes()
        d.save_as(work / f"ct{k:03}.dcm", enforce_file_format=True)
    plan = base.dicom(work, "plan.dcm", "1.2.840.10008.5.1.4.1.1.481.8", "RTPLAN", common)
    plan.SeriesInstanceUID, plan.RTPlanLabel = generate_uid(), "field"
    setup, group, reference, beam = Dataset(), Dataset(), Dataset(), Dataset()
    total = float(sum(s[2] for _, spots in layers for s in spots))
    setup.PatientPosition, setup.PatientSetupNumber = "HFS", 1
    reference.ReferencedBeamNumber, reference.BeamMeterset = 1, total
    group.FractionGroupNumber, group.NumberOfFractionsPlanned, group.NumberOfBeams = 1, 1, 1
    group.ReferencedBeamSequence = Sequence([reference])
    beam.BeamNumber, beam.BeamName, beam.RadiationType, beam.PrimaryDosimeterUnit = 1, "field", "PROTON", "MU"
    beam.TreatmentDeliveryType, beam.ScanMode, beam.VirtualSourceAxisDistances = "TREATMENT", "MODULATED", machine["virtual_sad_mm"]
    beam.NumberOfControlPoints, beam.FinalCumulativeMetersetWeight = 2 * len(layers), total
    if shifter:
        r, s = Dataset(), Dataset()
        r.RangeShifterNumber, r.RangeShifterID, r.RangeShifterType = 1, SHIFTER["id"], "BINARY"
        beam.NumberOfRangeShifters, beam.RangeShifterSequence = 1, Sequence([r])
        s.ReferencedRangeShifterNumber, s.RangeShifterSetting = 1, "IN"
        s.IsocenterToRangeShifterDistance, s.RangeShifterWaterEquivalentThickness = shifter["at_mm"] + depth, SHIFTER["water_mm"]
    points, so_far = [], 0.0
    for energy, spots in layers:
        for last in (False, True):
            p = Dataset()
            p.ControlPointIndex, p.CumulativeMetersetWeight, p.NominalBeamEnergy = len(points), so_far, energy
            p.NumberOfScanSpotPositions = len(spots)
            p.ScanSpotPositionMap = [float(v) for x, y, _ in spots for v in (x, y)]
            p.ScanSpotMetersetWeights = [0.0 if last else float(w) for *_, w in spots]
            p.NumberOfPaintings = 1
            if not points:
                p.GantryAngle, p.PatientSupportAngle, p.IsocenterPosition = gantry, couch, [0.0, depth, 0.0]
                if shifter:
                    p.RangeShifterSettingsSequence = Sequence([s])
            points.append(p)
            if not last:
                so_far += sum(w for *_, w in spots)
    beam.IonControlPointSequence = Sequence(points)
    plan.PatientSetupSequence, plan.FractionGroupSequence = Sequence([setup]), Sequence([group])
    plan.IonBeamSequence = Sequence([beam])
    plan.save_as(work / "plan.dcm", enforce_file_format=True)


def ours(binary, folder, machine_file, calibration=None, plan_uid=None):
    """Gray of one fraction as [z, y, x], and the centre of its first voxel."""
    with tempfile.TemporaryDirectory() as scratch:
        work = pathlib.Path(scratch)
        vestibule = on_store(binary, work / "store")
        vestibule("patient", "import", str(folder))
        patient = vestibule("patient", "list")["patients"][0]["id"]
        out = work / "dose.dcm"
        options = ["--machine", machine_file, "--grid-mm", str(STEP), "--fraction", "--out", str(out)]
        if calibration:
            (work / "hu.json").write_text(json.dumps(calibration))
            options += ["--calibration", str(work / "hu.json")]
        if plan_uid:
            options += ["--plan", plan_uid]
        seconds = vestibule("dose", "compute", "--patient", patient, *options)["seconds"]
        d = pydicom.dcmread(out)
        return d.pixel_array * float(d.DoseGridScaling), np.array(d.ImagePositionPatient, float), seconds


def report(name, mc, our, tolerance, noise, seconds, protons=None):
    """One line; as a row of a table in Markdown where the number of protons is given. Percents are of this program's highest dose."""
    axes = tuple(np.arange(n) * STEP for n in mc.shape)
    # Noise lifts the highest voxel of the Monte Carlo, which would widen what is allowed, and decides which of its voxels are
    # high: both are taken from the dose without noise.
    highest = our.max()
    options = dict(lower_percent_dose_cutoff=10, interp_fraction=10, max_gamma=2, quiet=True, global_normalisation=highest)
    gamma = pymedphys.gamma(axes, mc, axes, our, 3, 2, **options)
    valid = gamma[~np.isnan(gamma)]
    rate = 100 * np.mean(valid <= 1)
    high = our > 0.8 * highest
    mean = 100 * (our[high].mean() / mc[high].mean() - 1)
    if protons:
        off = f"{round(mean, 1) + 0.0:+.1f}".replace("-", "−")
        part = re.search(r"uncertainty: ([0-9.]+)", noise)
        how = f"{int(protons):,}{' a field' if name == 'head' else ''}, {float(part[1]):.1f} %" if part else f"{int(protons):,}"
        state = "" if rate >= tolerance else ": **not met**"
        # Rounded down, so that no row looks better than it is.
        print(f"| {TITLES.get(name, name)} | {math.floor(10 * rate) / 10:.1f} % | {off} % | {tolerance} %{state} | {how} |", flush=True)
        return rate >= tolerance
    state = "" if rate >= tolerance else f"  BELOW {tolerance} %"
    print(f"{name}: gamma {rate:.2f} % of {valid.size} points, mean {valid.mean():.3f}; mean dose above 80 % {mean:+.2f} %; "
          f"whole {100 * (our.sum() / mc.sum() - 1):+.2f} %; {seconds} s; {noise}{state}", flush=True)
    return rate >= tolerance


def body_of(folder, ct, at, spacing):
    """Whether each CT voxel's centre lies in BODY, as [z, y, x]: contours of a slice by XOR."""
    structures = pydicom.dcmread(next(folder.glob("RS*.dcm")))
    number = next(r.ROINumber for r in structures.StructureSetROISequence if r.ROIName == "BODY")
    contours = next(r for r in structures.ROIContourSequence if r.ReferencedROINumber == number).ContourSequence
    places = np.array([float(d.ImagePositionPatient[2]) for d in ct])
    inside = np.zeros((len(ct), int(ct[0].Rows), int(ct[0].Columns)), bool)
    x = at[0] + np.arange(inside.shape[2]) * spacing
    for c in contours:
        points = np.array(c.ContourData, float).reshape(-1, 3)
        plane = inside[np.argmin(np.abs(places - points[0, 2]))]
        a, b = points[:, :2], np.roll(points[:, :2], -1, axis=0)
        for j, row in enumerate(plane):
            y = at[1] + j * spacing
            cut = (a[:, 1] <= y) != (b[:, 1] <= y)
            p, q = a[cut], b[cut]
            crossings = np.sort(p[:, 0] + (y - p[:, 1]) * (q[:, 0] - p[:, 0]) / (q[:, 1] - p[:, 1]))
            row ^= np.searchsorted(crossings, x) % 2 == 1
    return inside


def head(cache, binary, machine_file, machine, folder, protons, save=None, reference_only=False, row=False):
    """Each field of the head phantom: MCsquare on this program's dose grid, materials by stopping power; outside BODY air, as
    here. Compared in BODY alone."""
    ct = sorted((pydicom.dcmread(f) for f in folder.glob("CT*.dcm")), key=lambda d: float(d.ImagePositionPatient[2]))
    hu = np.stack([d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in ct]).astype(np.float32)
    at, spacing = np.array(ct[0].ImagePositionPatient, float), float(ct[0].PixelSpacing[0])
    dz = float(ct[1].ImagePositionPatient[2]) - at[2]
    body = body_of(folder, ct, at, spacing)
    hu[~body] = -1000
    plan = pydicom.dcmread(next(folder.glob("RN*.dcm")))
    our, corner, seconds = ours(binary, folder, machine_file)
    nz, ny, nx = our.shape
    # MCsquare must see all that stops the beam.
    for axis, (first, step) in enumerate([(at[2], dz), (at[1], spacing), (at[0], spacing)]):
        places = first + step * np.flatnonzero(body.any(axis=tuple({0, 1, 2} - {axis})))
        low, n = corner[2 - axis], our.shape[axis]
        assert places[0] >= low - STEP and places[-1] <= low + n * STEP, f"the dose grid leaves out a part of BODY on axis {axis}"

    def on_grid(values, ox, oy, oz):
        k = (corner[2] + oz + np.arange(nz) * STEP - at[2]) / dz
        j = (corner[1] + oy + np.arange(ny) * STEP - at[1]) / spacing
        i = (corner[0] + ox + np.arange(nx) * STEP - at[0]) / spacing
        return map_coordinates(values, np.meshgrid(k, j, i, indexing="ij"), order=0, mode="nearest")

    # Mean over a voxel of the grid, by 3 x 3 x 2 points.
    mean = np.zeros(our.shape, np.float32)
    offsets = [(x, y, z) for x in (-0.6, 0, 0.6) for y in (-0.6, 0, 0.6) for z in (-0.5, 0.5)]
    for offset in offsets:
        mean += on_grid(hu, *offset) / len(offsets)
    in_body = on_grid(body.astype(np.uint8), 0, 0, 0) > 0
    rsp = np.clip(1 + mean / 1000, 0.0012, None)
    # MCsquare's materials by stopping power; density = stopping power over that of a gram per cm3 at 100 MeV.
    engine = cache / base.ENGINE / "Materials"
    names = dict(reversed(l.split()[:2]) for l in (engine / "list.dat").read_text().splitlines() if len(l.split()) >= 2 and l.split()[0].isdigit())
    power = lambda m: np.interp(100.0, *np.loadtxt(engine / m / "G4_Stop_Pow.dat", comments="#", usecols=(0, 1)).T)
    bands = [(0.0, "Air"), (0.05, "Lung"), (0.6, "Adipose_Tissue"), (0.985, "Water"), (1.1, "Bone_Spongiosa"), (1.3, "Bone_Cortical")]
    density, material = [], []
    for (low, name), high in zip(bands, [b[0] for b in bands[1:]] + [4.0]):
        per = power(name) / power("Water")
        density += [(round(1000 * low + 0.01, 3), low / per), (round(1000 * high - 0.01, 3), high / per)]
        material.append((round(1000 * low, 3), names[name]))
    group = plan.FractionGroupSequence[0]
    meterset = {r.ReferencedBeamNumber: float(r.BeamMeterset) for r in group.ReferencedBeamSequence}
    total, noise = np.zeros(our.shape), ""
    for beam in plan.IonBeamSequence:
        scale = meterset[beam.BeamNumber] / float(beam.FinalCumulativeMetersetWeight)
        layers, first = [], beam.IonControlPointSequence[0]
        for p in beam.IonControlPointSequence:
            weights = np.atleast_1d(p.ScanSpotMetersetWeights).astype(float) * scale
            if weights.sum() > 0:
                xy = np.array(p.ScanSpotPositionMap, float).reshape(-1, 2)
                layers.append((float(p.NominalBeamEnergy), [(x, y, w) for (x, y), w in zip(xy, weights)]))
        settings = first.RangeShifterSettingsSequence[0]
        iso = tuple(float(v) for v in np.array(first.IsocenterPosition, float) - corner + STEP / 2)
        dose, noise = monte_carlo(cache, machine, 1000 * rsp, layers, float(first.GantryAngle), float(first.PatientSupportAngle),
                                  SHIFTER, iso, protons, (density, material), float(settings.IsocenterToRangeShifterDistance))
        total += dose
    if reference_only:
        print(f"head: {noise}", flush=True)
        return True
    # MCsquare has dose in the air around the body too.
    total[~in_body] = 0
    if save:
        np.savez_compressed(save / "head.npz", mc=total, our=our, rsp=rsp, body=in_body, corner=corner)
    return report("head", total, our, 95, noise, seconds, row and protons)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("machine")
    parser.add_argument("--protons", type=float, default=4e6)
    parser.add_argument("--head", type=pathlib.Path)
    parser.add_argument("--reference-only", action="store_true", help="only runs MCsquare, which is then kept in the cache")
    parser.add_argument("--row", action="store_true", help="rows of a table in Markdown")
    parser.add_argument("--save", type=pathlib.Path, help="folder for both doses as .npz")
    parser.add_argument("--case", action="append", dest="cases", help="may stand several times; default: all boxes")
    args = parser.parse_args()
    machine = json.loads(pathlib.Path(args.machine).read_text(encoding="utf-8"))
    cache, good = base.mcsquare_folder(), True
    tables = [(h, d) for h, d, _, _ in MATERIALS], [(-2000, 14), (-400, 17), (500, 38)]
    calibration = {"name": "boxes", "source": "MCsquare's materials", "points": [[h, r] for h, _, _, r in MATERIALS]}
    names = args.cases or ([] if args.head else list(CASES))
    for name in names:
        hu, layers, gantry, couch, shifter, depth = CASES[name]
        nz, _, nx = hu.shape
        iso = (nx * STEP / 2, depth, nz * STEP / 2)
        shifter_at = shifter["at_mm"] + depth if shifter else 0
        mc, noise = monte_carlo(cache, machine, hu, layers, gantry, couch, shifter, iso, args.protons, tables, shifter_at)
        if args.reference_only:
            print(f"{name}: {noise}", flush=True)
            continue
        with tempfile.TemporaryDirectory() as folder:
            study(pathlib.Path(folder), machine, hu, layers, gantry, couch, shifter, depth)
            our, _, seconds = ours(args.binary, folder, args.machine, calibration)
        if args.save:
            np.savez_compressed(args.save / f"{name.replace(' ', '_')}.npz", mc=mc, our=our)
        good &= report(name, mc, our, 98 if hu.min() == hu.max() == 0 else 95, noise, seconds, args.row and args.protons)
    if args.head:
        good &= head(cache, args.binary, args.machine, machine, args.head, args.protons, args.save, args.reference_only, args.row)
    raise SystemExit(int(not good))


if __name__ == "__main__":
    main()
