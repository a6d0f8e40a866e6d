#!/usr/bin/env python3
"""How fast a plan of some 10,000 spots becomes dose on a 2 mm grid: this program, pyRadPlan and MCsquare, same plan, same run.

A cube of water of 240 mm in 2 mm voxels with a target of 60 mm in its middle, one beam from above; pyRadPlan chooses spots and energies. pyRadPlan computes its
forward dose (not the influence matrix). MCsquare is timed with two numbers of protons; the time for 10 million follows from the straight line through
both unless --protons says otherwise. Needs pyRadPlan, numpy, scipy, pydicom and pymedphys.
Usage: dose_speed.py VESTIBULE_BINARY MACHINE.json [--protons N] [--spacing MM]
"""
import argparse
import json
import logging
import os
import pathlib
import tempfile
import time

import numpy as np
import SimpleITK as sitk

import mcsquare_gamma as field
import mcsquare_sigma as base

SIZE = 120
STEP = field.STEP
FULL = 1e7


def water_box():
    """CT and structures for pyRadPlan: water in the whole cube, a target of 60 mm in the middle."""
    from pyRadPlan.cst import validate_cst, validate_voi
    from pyRadPlan.ct import validate_ct

    image = sitk.GetImageFromArray(np.zeros((SIZE,) * 3, np.float32))
    image.SetSpacing((STEP,) * 3)
    image.SetOrigin((-(SIZE - 1) / 2 * STEP,) * 3)
    ct = validate_ct(cube_hu=image)

    def mask(half_mm):
        n = int(half_mm / STEP)
        a = np.zeros((SIZE,) * 3, np.uint8)
        a[(slice(SIZE // 2 - n, SIZE // 2 + n),) * 3] = 1
        m = sitk.GetImageFromArray(a)
        m.CopyInformation(image)
        return m

    target = validate_voi(voi_type="TARGET", name="target", ct_image=ct, mask=mask(30), overlap_priority=0)
    body = validate_voi(voi_type="EXTERNAL", name="BODY", ct_image=ct, mask=mask(SIZE * STEP / 2), overlap_priority=5)
    return ct, validate_cst([target, body], ct=ct)


def steer(spacing):
    """pyRadPlan's plan."""
    from pyRadPlan import IonPlan, generate_stf

    ct, cst = water_box()
    plan = IonPlan(radiation_mode="protons", machine="Generic")
    plan.prop_stf = {"gantry_angles": [0.0], "couch_angles": [0.0], "bixel_width": spacing}
    plan.prop_dose_calc = {"dose_grid": {"resolution": {"x": STEP, "y": STEP, "z": STEP}}}
    return ct, cst, plan, generate_stf(ct, cst, plan)


def layers_of(stf):
    """Layers from the deepest, as [(MeV, [(x, y, weight)])]: beam's eye x and z are x and y of the IEC gantry."""
    layers = {}
    for ray in stf.beams[0].rays:
        for b in ray.beamlets:
            layers.setdefault(round(float(b.energy), 2), []).append((float(ray.ray_pos_bev[0]), float(ray.ray_pos_bev[2]), 1.0))
    return sorted(layers.items(), reverse=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("machine")
    parser.add_argument("--protons", type=float, default=1e6)
    parser.add_argument("--spacing", type=float, default=3.0)
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    machine = json.loads(pathlib.Path(args.machine).read_text(encoding="utf-8"))

    ct, cst, plan, stf = steer(args.spacing)
    layers = layers_of(stf)
    spots = sum(len(s) for _, s in layers)
    print(f"{spots} spots in {len(layers)} layers, {layers[-1][0]} to {layers[0][0]} MeV; {SIZE}^3 voxels of {STEP} mm; {os.cpu_count()} cores", flush=True)

    hu = np.zeros((SIZE,) * 3, "<i2")
    depth = SIZE * STEP / 2
    calibration = {"name": "water", "source": "a box", "points": [[-1000, 0.001], [0, 1.0]]}
    with tempfile.TemporaryDirectory() as folder:
        field.study(pathlib.Path(folder), machine, hu, layers, 0, 0, False, depth)
        runs = [field.ours(args.binary, folder, args.machine, calibration) for _ in range(3)]
    our = min(r[2] for r in runs)
    print(f"this program: {our:.2f} s (best of 3: {', '.join(f'{r[2]:.2f}' for r in runs)})", flush=True)

    from pyRadPlan import calc_dose_forward

    start = time.perf_counter()
    calc_dose_forward(ct, cst, stf, plan, np.ones(stf.total_number_of_bixels))
    peer = time.perf_counter() - start
    print(f"pyRadPlan, forward: {peer:.1f} s, {peer / our:.0f} times as long", flush=True)

    tables = [(h, d) for h, d, _, _ in field.MATERIALS], [(-2000, 17)]
    beams = base.beam_data(machine)
    seconds = {}
    for n in sorted({args.protons / 5, args.protons}):
        start = time.perf_counter()
        field.run_monte_carlo(base.mcsquare_folder(), beams, hu, layers, 0, 0, False, (depth,) * 3, n, tables, 0)
        seconds[n] = time.perf_counter() - start
        print(f"MCsquare, {n:.2g} protons: {seconds[n]:.1f} s", flush=True)
    (few, a), (many, b) = sorted(seconds.items())
    whole = b if many >= FULL else b + (b - a) / (many - few) * (FULL - many)
    how = "measured" if many >= FULL else "by the straight line"
    print(f"MCsquare, 1e7 protons: {whole:.0f} s ({how}), {whole / our:.0f} times as long")


if __name__ == "__main__":
    main()
