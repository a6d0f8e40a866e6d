#!/usr/bin/env python3
"""Single proton spots in water by MCsquare, as a reference for docs/dose.md.

Fetches nothing by itself: unpack the PyPI wheel `opentps-core` (pip download --no-deps opentps-core) and point here.

Usage: dose_mcsquare.py UNPACKED_WHEEL MACHINE.json OUT_FOLDER [protons] [MeV ...]

The spot of MACHINE.json (one Gaussian, no halo in air) enters a water box whose surface is at the isocentre, from above.
Written: OUT_FOLDER/mcsquare_E.csv with depth_mm, mev_per_mm (per proton, over the whole plane), sigma_x_mm, sigma_y_mm of
the core (Gaussian fit to the central strip, halo as a constant-centre second Gaussian), and mcsquare_E.npy, the dose in
eV/g per proton as [depth, y, x] on 2 x 2 x 1 mm.
"""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
from scipy.optimize import curve_fit

wheel, machine_file, out = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
protons = float(sys.argv[4]) if len(sys.argv) > 4 else 1e6
energies = [float(e) for e in sys.argv[5:]] or [100.0, 180.0]
engine = wheel / "opentps/core/processing/doseCalculation/protons/MCsquare"
template = (wheel / "opentps/core/data/MCsquare/ConfigTemplate.txt").read_text()
defaults = (wheel / "opentps/core/data/MCsquare/_mcsquareConfig.py").read_text()
machine = json.load(open(machine_file, encoding="utf-8"))
out.mkdir(parents=True, exist_ok=True)


def beam_file():
    m = machine
    lines = ["--from " + m["name"] + "--", "", "Nozzle exit to Isocenter distance", str(m["nozzle_plane_mm"]), ""]
    lines += ["SMX to Isocenter distance", str(m["virtual_sad_mm"][0]), "", "SMY to Isocenter distance", str(m["virtual_sad_mm"][1]), ""]
    lines += ["Beam parameters", f"{len(m['energies'])} energies", ""]
    names = "NominalEnergy MeanEnergy EnergySpread ProtonsMU Weight1 SpotSize1x Divergence1x Correlation1x SpotSize1y Divergence1y Correlation1y"
    names += " Weight2 SpotSize2x Divergence2x Correlation2x SpotSize2y Divergence2y Correlation2y"
    lines.append(names)
    for e in m["energies"]:
        n = e["nominal_mev"]
        # MCsquare's energy spread is a percentage of the nominal energy. Its correlation has our sign: sigma^2 = s^2 - 2 r s d t
        # towards a source, that is + downstream.
        row = [n, e["mean_mev"], 100 * e["spread_mev"] / n, e["protons_per_mu"], 1.0]
        for a in (0, 1):
            row += [e["sigma_mm"][a], e["divergence_rad"][a], e["correlation"][a]]
        row += [0.0, 5.0, 0.005, 0.0, 5.0, 0.005, 0.0]
        lines.append(" ".join(f"{v:.7g}" for v in row))
    return "\n".join(lines) + "\n"


def config(work, settings):
    scope = {"__name__": "config"}
    exec(compile(defaults, "config", "exec"), scope)
    values = dict(scope["MCsquareConfig"]().config)
    values.update(settings)
    text = template
    for key, value in values.items():
        if isinstance(value, (list, tuple)):
            value = " ".join(str(v) for v in value)
        text = text.replace("{" + key.upper() + "}", str(value))
    (work / "config.txt").write_text(text)


def core_sigma(profile, x):
    """Sigma of the narrow one of two Gaussians."""
    peak = profile.max()
    start = np.sqrt(abs(np.sum(profile * x**2 * (np.abs(x) < 20)) / np.sum(profile * (np.abs(x) < 20))))
    model = lambda x, a, s, b, t: a * np.exp(-(x**2) / 2 / s**2) + b * np.exp(-(x**2) / 2 / t**2)
    bounds = ([0, 1, 0, 2.0 * start], [2 * peak, 25, 0.3 * peak, 80])
    fit, _ = curve_fit(model, x, profile, [peak, start, 0.01 * peak, 2.5 * start], bounds=bounds)
    return fit[1]


for energy in energies:
    work = out / f"run_{energy:g}"
    (work / "Outputs").mkdir(parents=True, exist_ok=True)
    (work / "scanner").mkdir(exist_ok=True)
    depth = 120 if energy < 110 else int(0.13 * energy**1.5) + 20
    size = (121, depth, 121)
    step = (2.0, 1.0, 2.0)
    np.zeros(size[::-1], dtype="<f4").tofile(work / "CT.raw")
    (work / "CT.mhd").write_text(
        f"ObjectType = Image\nNDims = 3\nDimSize = {size[0]} {size[1]} {size[2]}\nElementSpacing = {step[0]} {step[1]} {step[2]}\n"
        "Offset = 0 0 0\nElementType = MET_FLOAT\nElementByteOrderMSB = False\nElementDataFile = CT.raw\n"
    )
    (work / "scanner/HU_Density_Conversion.txt").write_text("-2000 1.0\n2000 1.0\n")
    (work / "scanner/HU_Material_Conversion.txt").write_text("-2000 17\n")
    (work / "BDL.txt").write_text(beam_file())
    # y points against the beam of gantry 0 in MCsquare: the far end of y is where the beam enters.
    (work / "Plan.txt").write_text(
        "#TREATMENT-PLAN-DESCRIPTION\n#PlanName\nspot\n#NumberOfFractions\n1\n##FractionID\n1\n##NumberOfFields\n1\n###FieldsID\n1\n"
        "#TotalMetersetWeightOfAllFields\n1.0\n\n#FIELD-DESCRIPTION\n###FieldID\n1\n###FinalCumulativeMeterSetWeight\n1.0\n"
        f"###GantryAngle\n0.0\n###PatientSupportAngle\n0.0\n###IsocenterPosition\n{size[0]*step[0]/2} {size[1]*step[1]} {size[2]*step[2]/2}\n"
        "###NumberOfControlPoints\n1\n\n#SPOTS-DESCRIPTION\n####ControlPointIndex\n1\n####SpotTunnedID\n1\n####CumulativeMetersetWeight\n1.0\n"
        f"####Energy (MeV)\n{energy}\n####NbOfScannedSpots\n1\n####X Y Weight\n0.0 0.0 1.0\n"
    )
    config(
        work,
        {
            "Num_Threads": 1,
            "RNG_Seed": 1,
            "Num_Primaries": int(protons),
            "CT_File": "CT.mhd",
            "HU_Density_Conversion_File": "scanner/HU_Density_Conversion.txt",
            "HU_Material_Conversion_File": "scanner/HU_Material_Conversion.txt",
            "BDL_Machine_Parameter_File": "BDL.txt",
            "BDL_Plan_File": "Plan.txt",
            "Output_Directory": "Outputs",
            "D_Max": 0.1,
        },
    )
    binary = engine / "MCsquare_linux"
    binary.chmod(0o755)
    environment = dict(os.environ, MCsquare_Materials_Dir=str(engine / "Materials"))
    subprocess.run(["nice", "-n", "15", str(binary.resolve())], cwd=work, env=environment, check=True)
    dose = np.fromfile(work / "Outputs/Dose.raw", "<f4").reshape(size[::-1])  # z, y, x
    dose = dose.transpose(1, 0, 2)[::-1]  # depth, z, x
    if dose[: depth // 4].sum() < dose[-depth // 4 :].sum():
        raise SystemExit("the beam enters from the other end")
    np.save(out / f"mcsquare_{energy:g}.npy", dose.astype(np.float32))
    mev = dose.sum(axis=(1, 2)) * step[0] * step[2] * 1e-3 * 1e-6
    x = (np.arange(size[0]) - size[0] // 2) * step[0]
    with open(out / f"mcsquare_{energy:g}.csv", "w") as f:
        f.write("depth_mm,mev_per_mm,sigma_x_mm,sigma_y_mm\n")
        for i in range(depth):
            sx = sy = float("nan")
            if mev[i] > 0.05 * mev.max():
                three = dose[max(i - 1, 0) : i + 2].sum(axis=0)
                # The voxel's own width is taken off.
                sx = np.sqrt(core_sigma(three.sum(axis=0), x) ** 2 - step[0] ** 2 / 12)
                sy = np.sqrt(core_sigma(three.sum(axis=1), x) ** 2 - step[2] ** 2 / 12)
            f.write(f"{i + 0.5},{mev[i]:.6g},{sx:.4f},{sy:.4f}\n")
    total = mev.sum() * step[1]
    print(f"{energy} MeV: deposited {total:.2f} MeV of {energy}: {100 * total / energy:.1f} %")
