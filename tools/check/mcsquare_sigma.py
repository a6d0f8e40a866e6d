#!/usr/bin/env python3
"""Single proton spots in water: this program's dose against MCsquare, a Monte Carlo by others (UCLouvain, Apache-2.0).

MCsquare's binary comes out of the PyPI wheel `opentps-core`, fetched once into a cache folder by pip. Both get the same box of
water (2 mm voxels, surface at the isocentre, 600 mm of air to the nozzle plane), the same machine file and one spot of 1 MU. Ends with 1 where a sigma differs by more than 3 %.
Needs numpy, scipy and pydicom. Usage: mcsquare_sigma.py VESTIBULE_BINARY MACHINE.json [protons] [MeV ...]
"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from scipy.optimize import curve_fit

from program import on_store

WHEEL = "opentps-core==2.0.0"
ENGINE = "opentps/core/processing/doseCalculation/protons/MCsquare/"
STEP = 2.0  # mm, all three axes
ACROSS = 121  # voxels; odd, so that the axis of the beam is the centre of one
WATER_MATERIAL = 17  # in MCsquare's list.dat
GRAY_PER_EV_G = 1.602176634e-16


def mcsquare_folder():
    """MCsquare, unpacked in the cache."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "vestibule/mcsquare"
    if not (cache / ENGINE / "MCsquare_linux").exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = ["download", "--no-deps", "--only-binary=:all:", "--python-version", "3.11", "-d", str(cache), WHEEL]
        subprocess.run([sys.executable, "-m", "pip", *command], check=True)
        with zipfile.ZipFile(next(cache.glob("opentps_core*.whl"))) as wheel:
            wanted = [n for n in wheel.namelist() if n == ENGINE + "MCsquare_linux" or n.startswith(ENGINE + "Materials/")]
            wheel.extractall(cache, wanted)
        (cache / ENGINE / "MCsquare_linux").chmod(0o755)
    return cache


def beam_data(m):
    """The machine in MCsquare's form. The first line decides how the file is read: anything else, or a carriage return at its
    end, and it is taken for polynomials, which leaves every proton at NaN, "generated outside the geometry"."""
    lines = ["--UPenn beam model (double gaussian)--", ""]
    for name, value in [
        ("Nozzle exit to Isocenter distance", m["nozzle_plane_mm"]),
        ("SMX to Isocenter distance", m["virtual_sad_mm"][0]),
        ("SMY to Isocenter distance", m["virtual_sad_mm"][1]),
    ]:
        lines += [name, str(value), ""]
    lines += ["Beam parameters", f"{len(m['energies'])} energies", ""]
    first, second = "SpotSize{0} Divergence{0} Correlation{0}", "Weight2 "
    columns = ["NominalEnergy MeanEnergy EnergySpread ProtonsMU Weight1", first.format("1x"), first.format("1y")]
    lines.append(" ".join([*columns, second + first.format("2x"), first.format("2y")]))
    for e in m["energies"]:
        # Its energy spread is a percentage of the nominal energy; its correlation has our sign.
        row = [e["nominal_mev"], e["mean_mev"], 100 * e["spread_mev"] / e["nominal_mev"], e["protons_per_mu"], 1.0]
        for a in (0, 1):
            row += [e["sigma_mm"][a], e["divergence_rad"][a], e["correlation"][a]]
        lines.append(" ".join(f"{v:.7g}" for v in [*row, 0.0, 5.0, 0.005, 0.0, 5.0, 0.005, 0.0]))
    return "\n".join(lines) + "\n"


# In the order of MCsquare's own example; what is not named has its default.
CONFIG = """Num_Threads 1
RNG_Seed 1
Num_Primaries {protons}
E_Cut_Pro 0.5
D_Max 0.1
Epsilon_Max 0.25
Te_Min 0.05
CT_File CT.mhd
HU_Density_Conversion_File density.txt
HU_Material_Conversion_File material.txt
BDL_Machine_Parameter_File BDL.txt
BDL_Plan_File Plan.txt
Output_Directory Outputs
Dose_MHD_Output True
Densities_Output True
Compute_stat_uncertainty True
"""

PLAN = """#TREATMENT-PLAN-DESCRIPTION
#PlanName
spot
#NumberOfFractions
1
##FractionID
1
##NumberOfFields
1
###FieldsID
1
#TotalMetersetWeightOfAllFields
1.0

#FIELD-DESCRIPTION
###FieldID
1
###FinalCumulativeMeterSetWeight
1.0
###GantryAngle
0.0
###PatientSupportAngle
0.0
###IsocenterPosition
{across} {deep} {across}
###NumberOfControlPoints
1

#SPOTS-DESCRIPTION
####ControlPointIndex
1
####SpotTunnedID
1
####CumulativeMetersetWeight
1.0
####Energy (MeV)
{energy}
####NbOfScannedSpots
1
####X Y Weight
0.0 0.0 1.0
"""


def monte_carlo(cache, machine, energy, depth, protons):
    """Gray per proton as [depth, x, y]; kept in the cache, since what goes in decides what comes out (MCsquare's seed is fixed)."""
    told = ["spot", beam_data(machine), energy, depth, int(protons), STEP, ACROSS]
    kept = cache / "doses" / f"{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:24]}.npz"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part.npz")
        np.savez_compressed(part, dose=run_monte_carlo(cache, machine, energy, depth, protons))
        part.replace(kept)
    with np.load(kept) as file:
        dose = file["dose"]
    return dose[:, ::-1, ::-1].transpose(1, 2, 0).astype(float) * GRAY_PER_EV_G


def run_monte_carlo(cache, machine, energy, depth, protons):
    """eV/g per proton as MCsquare writes it."""
    engine = cache / ENGINE
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        (work / "Outputs").mkdir()
        size = (ACROSS, depth, ACROSS)
        np.zeros(size[::-1], dtype="<f4").tofile(work / "CT.raw")
        header = f"ObjectType = Image\nNDims = 3\nDimSize = {size[0]} {size[1]} {size[2]}\n"
        header += f"ElementSpacing = {STEP} {STEP} {STEP}\nOffset = 0 0 0\nElementType = MET_FLOAT\n"
        (work / "CT.mhd").write_text(header + "ElementByteOrderMSB = False\nElementDataFile = CT.raw\n")
        (work / "density.txt").write_text("-2000 1.0\n2000 1.0\n")
        (work / "material.txt").write_text(f"-2000 {WATER_MATERIAL}\n")
        (work / "BDL.txt").write_text(beam_data(machine))
        # Its y points against the beam of gantry 0: the far end of y is the surface.
        (work / "Plan.txt").write_text(PLAN.format(across=ACROSS * STEP / 2, deep=depth * STEP, energy=energy))
        (work / "config.txt").write_text(CONFIG.format(protons=int(protons)))
        # The build for any processor; the others stop on what they do not know, and the launcher has Windows line ends.
        environment = dict(os.environ, MCsquare_Materials_Dir=str(engine / "Materials"))
        ran = subprocess.run([engine / "MCsquare_linux"], cwd=work, env=environment, capture_output=True, text=True)
        if ran.returncode or "outside the geometry" in ran.stdout or "Error" in ran.stdout:
            raise SystemExit(ran.stdout + ran.stderr)
        density = np.fromfile(work / "Outputs/Densities.raw", "<f4")
        assert np.allclose(density, 1.0), "not a box of water"
        return np.fromfile(work / "Outputs/Dose.raw", "<f4").reshape(size[::-1])  # z, y, x


def dicom(work, name, sop_class, modality, common):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = sop_class, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = generate_uid()
    d = FileDataset(str(work / name), {}, file_meta=meta, preamble=b"\0" * 128)
    d.SOPClassUID, d.SOPInstanceUID, d.Modality = sop_class, meta.MediaStorageSOPInstanceUID, modality
    d.PatientID, d.PatientName, d.PatientBirthDate, d.PatientSex = "water", "Water", "", ""
    d.StudyInstanceUID, d.FrameOfReferenceUID = common
    return d


def dicom_study(work, machine, energy, depth):
    common = generate_uid(), generate_uid()
    series = generate_uid()
    side = (ACROSS - 1) / 2 * STEP
    for k in range(ACROSS):
        d = dicom(work, f"ct{k:03}.dcm", "1.2.840.10008.5.1.4.1.1.2", "CT", common)
        d.SeriesInstanceUID, d.SeriesDescription, d.InstanceNumber, d.PatientPosition = series, "water", k + 1, "HFS"
        d.ImagePositionPatient = [-side, STEP / 2, -side + k * STEP]
        d.ImageOrientationPatient, d.PixelSpacing, d.SliceThickness = [1, 0, 0, 0, 1, 0], [STEP, STEP], STEP
        d.Rows, d.Columns, d.SamplesPerPixel, d.PhotometricInterpretation = depth, ACROSS, 1, "MONOCHROME2"
        d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 16, 15, 1
        d.RescaleSlope, d.RescaleIntercept = 1, 0
        d.PixelData = np.zeros((depth, ACROSS), "<i2").tobytes()
        d.save_as(work / f"ct{k:03}.dcm", enforce_file_format=True)
    plan = dicom(work, "plan.dcm", "1.2.840.10008.5.1.4.1.1.481.8", "RTPLAN", common)
    plan.SeriesInstanceUID, plan.RTPlanLabel = generate_uid(), "spot"
    setup, group, reference, beam = Dataset(), Dataset(), Dataset(), Dataset()
    setup.PatientPosition, setup.PatientSetupNumber = "HFS", 1
    reference.ReferencedBeamNumber, reference.BeamMeterset = 1, 1.0
    group.FractionGroupNumber, group.NumberOfFractionsPlanned, group.NumberOfBeams = 1, 1, 1
    group.ReferencedBeamSequence = Sequence([reference])
    beam.BeamNumber, beam.BeamName, beam.RadiationType, beam.PrimaryDosimeterUnit = 1, "spot", "PROTON", "MU"
    beam.TreatmentDeliveryType, beam.ScanMode, beam.VirtualSourceAxisDistances = "TREATMENT", "MODULATED", machine["virtual_sad_mm"]
    beam.NumberOfControlPoints, beam.FinalCumulativeMetersetWeight = 2, 1.0
    points = []
    for i in range(2):
        p = Dataset()
        p.ControlPointIndex, p.CumulativeMetersetWeight, p.NominalBeamEnergy = i, float(i), energy
        p.NumberOfScanSpotPositions, p.ScanSpotPositionMap, p.ScanSpotMetersetWeights = 1, [0.0, 0.0], 1.0 - i
        p.NumberOfPaintings = 1
        if i == 0:
            p.GantryAngle, p.PatientSupportAngle, p.IsocenterPosition = 0.0, 0.0, [0.0, 0.0, 0.0]
        points.append(p)
    beam.IonControlPointSequence = Sequence(points)
    plan.PatientSetupSequence, plan.FractionGroupSequence = Sequence([setup]), Sequence([group])
    plan.IonBeamSequence = Sequence([beam])
    plan.save_as(work / "plan.dcm", enforce_file_format=True)


def ours(binary, machine_file, machine, energy, depth):
    """Gray per proton as [depth, x, y]."""
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        study = work / "study"
        study.mkdir()
        dicom_study(study, machine, energy, depth)

        vestibule = on_store(binary, work / "store")
        vestibule("patient", "import", str(study))
        patient = vestibule("patient", "list")["patients"][0]["id"]
        out = work / "dose.dcm"
        grid = ["--grid-mm", str(STEP), "--fraction", "--out", str(out)]
        vestibule("dose", "compute", "--patient", patient, "--machine", machine_file, *grid)
        d = pydicom.dcmread(out)
        dose = d.pixel_array * float(d.DoseGridScaling)  # z, y, x
        corner = np.array(d.ImagePositionPatient, float)
    side = (ACROSS - 1) / 2 * STEP
    at = (corner - [-side, STEP / 2, -side]) / STEP
    assert np.allclose(at, np.round(at), atol=1e-3), f"the dose grid is shifted by {at} voxels"
    whole = np.zeros((ACROSS, depth, ACROSS))
    x, y, z = np.round(at).astype(int)
    lo = np.maximum([z, y, x], 0)
    hi = np.minimum(np.array([z, y, x]) + dose.shape, whole.shape)
    cut = tuple(slice(a - o, b - o) for a, b, o in zip(lo, hi, (z, y, x)))
    whole[tuple(slice(a, b) for a, b in zip(lo, hi))] = dose[cut]
    e = machine["energies"]
    per_mu = np.interp(energy, [v["nominal_mev"] for v in e], [v["protons_per_mu"] for v in e])
    return whole.transpose(1, 2, 0) / per_mu


def sigma(plane, axis):
    """Of one Gaussian, fitted down to a tenth of the maximum of the profile through the axis (a strip of 10 mm)."""
    middle = ACROSS // 2
    strip = slice(middle - 2, middle + 3)
    profile = plane[:, strip].sum(axis=1) if axis == 0 else plane[strip, :].sum(axis=0)
    x = (np.arange(ACROSS) - middle) * STEP
    used = (profile > 0.1 * profile.max()) & (np.abs(x) < 60)
    curve = lambda x, a, s: a * np.exp(-(x**2) / 2 / s**2)
    fit, _ = curve_fit(curve, x[used], profile[used] / profile.max(), [1.0, 6.0])
    return np.sqrt(fit[1] ** 2 - STEP**2 / 12)  # less the voxel's own width


def in_air(machine, energy, axis, depth):
    """Variance of the spot without the water, mm²."""
    e = machine["energies"]
    nominal = [v["nominal_mev"] for v in e]
    s, d, r = (np.interp(energy, nominal, [v[k][axis] for v in e]) for k in ("sigma_mm", "divergence_rad", "correlation"))
    t = machine["nozzle_plane_mm"] + depth
    return s**2 + 2 * r * s * d * t + (d * t) ** 2


def r80(depth_dose):
    depth = (np.arange(len(depth_dose)) + 0.5) * STEP
    peak = int(depth_dose.argmax())
    i = next(i for i in range(peak, len(depth_dose)) if depth_dose[i] < 0.8 * depth_dose[peak])
    return float(np.interp(0.8 * depth_dose[peak], depth_dose[[i, i - 1]], depth[[i, i - 1]]))


def main():
    binary, machine_file = sys.argv[1:3]
    protons = float(sys.argv[3]) if len(sys.argv) > 3 else 2e6
    machine = json.loads(pathlib.Path(machine_file).read_text(encoding="utf-8"))
    cache, worst = mcsquare_folder(), 0.0
    for energy in [float(e) for e in sys.argv[4:]] or [100.0, 150.0, 200.0]:
        depth = int(0.0022 * energy**1.77 * 10 * 1.15 / STEP) + 5
        both = ours(binary, machine_file, machine, energy, depth), monte_carlo(cache, machine, energy, depth, protons)
        to_mev = STEP**3 * 1e-6 / (GRAY_PER_EV_G * 1e3)  # Gy in a voxel of water, in MeV
        sums = [d.sum(axis=(1, 2)) for d in both]
        ends = [r80(s) for s in sums]
        energies = [100 * s.sum() * to_mev / energy for s in sums]
        left = f"energy left in the box {energies[0]:.1f} %, MCsquare {energies[1]:.1f} %"
        print(f"{energy:g} MeV: R80 {ends[0]:.2f} mm, MCsquare {ends[1]:.2f}; {left}", flush=True)
        for part in (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95):
            planes = [d[int(part * end / STEP)] for d, end in zip(both, ends)]
            words = []
            for axis in (0, 1):
                a, b = (sigma(p, axis) for p in planes)
                worst = max(worst, abs(a / b - 1))
                # What the water has added, by the beam model's own spot at that depth.
                water = [s**2 - in_air(machine, energy, axis, part * end) for s, end in zip((a, b), ends)]
                added = "/".join(f"{max(w, 0) ** 0.5:.2f}" for w in water)
                words.append(f"{'xy'[axis]} {a:.2f} mm, MCsquare {b:.2f} ({100 * (a / b - 1):+.1f} %; by water {added})")
            c = ACROSS // 2
            axis_dose = [p[c - 1 : c + 2, c - 1 : c + 2].mean() for p in planes]
            whole = [p.sum() for p in planes]
            axis_off, plane_off = (100 * (v[0] / v[1] - 1) for v in (axis_dose, whole))
            ratios = f"dose on the axis {axis_off:+.1f} %, in the plane {plane_off:+.1f} %"
            print(f"  {part:.2f} R80: {'; '.join(words)}; {ratios}", flush=True)
    print(f"worst sigma: {100 * worst:.1f} %")
    sys.exit(int(worst > 0.03))


if __name__ == "__main__":
    main()
