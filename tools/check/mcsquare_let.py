#!/usr/bin/env python3
"""LETd over depth in water: this program's tables against MCsquare (UCLouvain, Apache-2.0), laterally whole, 1 mm of depth.

MCsquare runs three times an energy: without nuclear reactions (primaries alone), with reactions but without deuterons and
alphas (all protons), and with everything. It stops protons at 0.5 MeV, so that near the end of the range it has less than
the stopping powers themselves say. Needs numpy. EXAMPLE is target/debug/examples/let_depth
(`cargo build -p vestibule-dose --example let_depth`). Usage: mcsquare_let.py EXAMPLE MACHINE.json [protons] [MeV ...]
"""
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import mcsquare_sigma as base
import numpy as np

DEPTH = 1.0
RUNS = {
    "primary": "Simulate_Nuclear_Interactions False\n",
    "all protons": "Simulate_Secondary_Alphas False\nSimulate_Secondary_Deuterons False\n",
    "all": "",
}


def monte_carlo(cache, machine, energy, deep, protons, extra):
    """Dose and LETd by voxel of 1 mm."""
    engine = cache / base.ENGINE
    machine = json.loads(json.dumps(machine))
    machine["nozzle_plane_mm"] = 20.0
    for e in machine["energies"]:
        e["mean_mev"], e["spread_mev"] = e["nominal_mev"], 0.0
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        (work / "Outputs").mkdir()
        size, step = (3, int(deep / DEPTH), 3), (400.0, DEPTH, 400.0)
        np.zeros(size[::-1], "<f4").tofile(work / "CT.raw")
        header = "ObjectType = Image\nNDims = 3\nDimSize = {} {} {}\n".format(*size)
        header += "ElementSpacing = {} {} {}\nOffset = 0 0 0\nElementType = MET_FLOAT\n".format(*step)
        (work / "CT.mhd").write_text(header + "ElementByteOrderMSB = False\nElementDataFile = CT.raw\n")
        (work / "density.txt").write_text("-2000 1.0\n3000 1.0\n")
        (work / "material.txt").write_text(f"-2000 {base.WATER_MATERIAL}\n")
        (work / "BDL.txt").write_text(base.beam_data(machine))
        (work / "Plan.txt").write_text(base.PLAN.format(across=600.0, deep=size[1] * DEPTH, energy=energy))
        config = base.CONFIG.format(protons=int(protons))
        (work / "config.txt").write_text(config + "LET_MHD_Output True\n" + extra)
        environment = dict(os.environ, MCsquare_Materials_Dir=str(engine / "Materials"))
        command = ["nice", "-n", "19", engine / "MCsquare_linux"]
        ran = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
        if ran.returncode or "Error" in ran.stdout:
            raise SystemExit(ran.stdout + ran.stderr)
        read = lambda name: np.fromfile(work / "Outputs" / name, "<f4").reshape(size[::-1])[1, ::-1, 1].astype(float)
        return read("Dose.raw"), read("LET.raw")


def r80(z, dose):
    peak = int(np.argmax(dose))
    i = peak + int(np.argmax(dose[peak:] < 0.8 * dose[peak]))
    return z[i - 1] + (dose[i - 1] - 0.8 * dose[peak]) / (dose[i - 1] - dose[i]) * (z[i] - z[i - 1])


def main():
    example, machine = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))
    protons = float(sys.argv[3]) if len(sys.argv) > 3 else 5e4
    cache = base.mcsquare_folder()
    for energy in [float(v) for v in sys.argv[4:]] or [100.0, 150.0, 200.0]:
        text = subprocess.run([example, str(energy)], capture_output=True, text=True, check=True).stdout
        ours = np.genfromtxt(io.StringIO(text), delimiter=",", names=True)
        end = r80(ours["depth_mm"], ours["mev_per_mm"])
        for name, extra in RUNS.items():
            dose, kev = monte_carlo(cache, machine, energy, 1.05 * end + 10, protons, extra)
            z = (np.arange(len(dose)) + 0.5) * DEPTH
            shift = end - r80(z, dose)
            column = "primary_kev_per_um" if name == "primary" else "all_kev_per_um"
            print(f"{energy:g} MeV, MCsquare {name}: at part of R80 or mm from it, MCsquare, ours, off")
            places = [(f"{p:g}", p * end) for p in (0.1, 0.25, 0.5, 0.75, 0.9)]
            places += [(f"{d:+g} mm", end + d) for d in (-6, -4, -2, 0, 2)]
            for label, depth in places:
                near = np.abs(z + shift - depth) <= (2.0 if depth < 0.92 * end else 0.51)
                theirs = np.average(kev[near], weights=dose[near])
                mine = np.interp(depth, ours["depth_mm"], ours[column])
                print(f"  {label:>6}  {theirs:6.3f}  {mine:6.3f}  {100 * (mine / theirs - 1):+5.1f} %", flush=True)


if __name__ == "__main__":
    main()
